"""Everything the API stands on, ready-made: ports and plain settings. Only `daybook/bootstrap.py` and tests build one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.access.ports import Credentials, IssuedTokens, Principal, Sessions
from domain.dispatch.ports import Hearing, ParkedJobs, ProviderHealth, Queues
from domain.kernel.rates import Limiter, Policy, Verdict
from domain.payments.ports import Payments
from domain.payments.price_book import PriceBooks
from domain.ports import (
    Clock,
    Connections,
    Ids,
    Journal,
    Media,
    ObjectServing,
    ObjectStore,
    Outgoing,
    Passwords,
    Progress,
    Tail,
    Tracing,
    Untraced,
    Vault,
)
from domain.provider_keys.ports import OwnKeys
from domain.providers.catalogue import Catalogue
from domain.schedules.ports import Calendar
from domain.telling.ports import Hints, Places, Rendering, Tickets
from domain.webhooks.ports import DeliveryLog

__all__ = ["Credentials", "IssuedTokens", "Limiter", "Metrics", "Platform", "Policy", "Positions", "Principal", "Sessions", "Verdict"]


class Positions(Protocol):
    """How far each live read model has seen the log."""

    async def current(self) -> Mapping[str, int]:
        """Name of the read model -> position of the last event it has applied."""

    async def followers(self) -> Mapping[str, int]:
        """The same for everybody who follows the log: also `notary`, with the position that its last checkpoint covers, and `webhooks`."""


class Metrics(Protocol):
    """Counters of this process."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None: ...

    def limiter_bypassed(self, bucket: str) -> None: ...

    async def render(self) -> bytes:
        """The Prometheus text format, with gauges such as queue depth and follower lag read now."""


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What streams of events stand on."""

    rendering: Rendering
    hints: Hints
    places: Places
    tickets: Tickets


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Ports and settings of the API. `checks` are the dependencies that `/health/ready` names; `vital` ones make it 503."""

    journal: Journal
    tail: Tail
    reads: Connections
    vault: Vault
    #: The callers' own keys at providers.
    own_keys: OwnKeys
    #: Where they count.
    own_key_providers: frozenset[str] = frozenset()
    clock: Clock
    ids: Ids
    objects: ObjectStore
    media: Media
    queues: Queues
    health: ProviderHealth
    passwords: Passwords
    sessions: Sessions
    credentials: Credentials
    catalogue: Catalogue
    #: Who takes the money, and what is sold.
    payments: Payments
    #: How URLs that callers name are judged and reached.
    outgoing: Outgoing
    #: Reads cron expressions.
    calendar: Calendar
    delivery_log: DeliveryLog
    price_books: PriceBooks
    telling: Telling
    limiter: Limiter
    positions: Positions
    metrics: Metrics
    tracing: Tracing = field(default_factory=Untraced)
    #: Without a trailing slash, such as `https://api.example.com`.
    public_url: str
    version: str
    #: The log's name in an export that no key has signed anything in yet.
    log_name: str = "daybook.local"
    #: Set while objects lie in a directory: the API serves their signed URLs itself.
    serving: ObjectServing | None = None
    #: Jobs that providers have, and whether a callback is to be believed; None: nobody calls back.
    parked: ParkedJobs | None = None
    hearing: Hearing | None = None
    #: None: what runs is shown as just begun.
    progress: Progress | None = None
    cors_origins: tuple[str, ...] = ()
    #: CIDRs of proxies whose `Forwarded` and `X-Forwarded-For` are believed.
    trusted_proxies: tuple[str, ...] = ()
    metrics_token: str | None = None
    welcome_credits: int = 25
    #: So many accounts a day get them; whoever registers after that starts with nothing.
    welcome_per_day: int = 10_000
    #: bucket -> "count/seconds" over the defaults; `limits_off` stops counting altogether.
    rate_limits: Mapping[str, str] = field(default_factory=dict)
    limits_off: bool = False
    #: How long a period is at the test till; None: a calendar month.
    till_period_seconds: int | None = None
    features: tuple[str, ...] = ()
    upload_types: tuple[str, ...] = ()
    #: So many bytes may the uploads of an account have together.
    upload_quota_bytes: int = 100 << 30
    checks: Mapping[str, Callable[[], Awaitable[Any]]] = field(default_factory=dict)
    vital: tuple[str, ...] = ("postgresql", "migrations")
    #: What adapters raise when a dependency is away: 503, the client may repeat. Bootstrap adds those of the database driver.
    unavailable: tuple[type[Exception], ...] = (OSError,)
