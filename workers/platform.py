"""What worker, dispatcher and scheduler stand on, ready-made. Only `daybook/bootstrap.py` and tests build one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.assets.ports import KeptAssets
from domain.dispatch.ports import Board, Claims, Due, KeepLeases, Limits, ParkedJobs, ProviderHealth
from domain.erasure.ports import Erasures, KeyKeeping
from domain.payments.due import PaymentsDue
from domain.payments.ports import Payments
from domain.ports import Clock, Ids, Journal, Media, ObjectStore, Outgoing, Progress, Tracing, Untraced, Vault
from domain.provider_keys.ports import OwnKeys
from domain.providers.catalogue import Catalogue
from domain.telling.ports import Rendering, Saying
from domain.webhooks.ports import Deliveries
from workers.ports import Counts, Listen, MakeProviders, Recurrence, Uncounted


@dataclass(frozen=True, kw_only=True)
class WorkerPlatform:
    """Ports and plain settings. `listen` opens a connection of its own for as long as it is used."""

    journal: Journal
    vault: Vault
    #: The callers' own keys at providers.
    own_keys: OwnKeys
    clock: Clock
    ids: Ids
    objects: ObjectStore
    media: Media
    catalogue: Catalogue
    make_providers: MakeProviders
    claims: Claims
    parked: ParkedJobs
    limits: Limits
    health: ProviderHealth
    keep_leases: KeepLeases
    board: Board
    due: Due
    erasures: Erasures
    keys: KeyKeeping
    listen: Listen
    redis_url: str
    #: How URLs that others named are reached.
    outgoing: Outgoing
    #: None: nobody is told by webhooks here.
    deliveries: Deliveries | None = None
    #: None: nobody is told of anything.
    rendering: Rendering | None = None
    #: None: nobody reads texts while they are written.
    saying: Saying | None = None
    #: Source of an asset ("upload", "generation") -> days it is kept; without an entry it has no end.
    retention_days: Mapping[str, int] = field(default_factory=dict)
    kept_assets: KeptAssets | None = None
    #: So many generations of one account run at once; None: as many as there are workers.
    account_concurrency: int | None = None
    #: Provider -> so many jobs are with it at once.
    provider_concurrency: Mapping[str, int] = field(default_factory=dict)
    #: Where providers may reach us, such as `https://api.example.com`; None: they cannot.
    callback_base: str | None = None
    #: None: nobody is told how far an attempt is.
    progress: Progress | None = None
    counts: Counts = field(default_factory=Uncounted)
    tracing: Tracing = field(default_factory=Untraced)
    #: None: nothing is asked for again and again.
    recurrence: Recurrence | None = None
    #: None: nothing is sold.
    payments: Payments | None = None
    payments_due: PaymentsDue | None = None
    till_is_open: bool = False
    #: How long a period is at the test till; None: a calendar month.
    till_period_seconds: int | None = None
