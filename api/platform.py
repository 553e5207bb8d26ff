"""Everything the API stands on, ready-made: ports and plain settings. Only `daybook/bootstrap.py` and tests build one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.ports import Clock, Connections, Ids, Journal, ObjectStore, Passwords, Tail, Vault
from domain.providers.catalogue import Catalogue


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls. `scopes` is None for a session (an access token), which may do whatever its roles allow."""

    account_id: UUID
    roles: frozenset[str]
    scopes: frozenset[str] | None
    #: The `jti` of an access token or the id of an API token; `session` names the family of a session's tokens.
    token_id: str
    session: UUID | None = None
    expires_at: datetime | None = None
    suspended: bool = False
    #: The account's own rate limits, bucket -> "count/seconds".
    limits: Mapping[str, str] = {}

    def may(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


class Credentials(Protocol):
    """Turns a bearer token (access token or `dbk_…` API token) into a principal. Called once per request, so it must be fast."""

    async def authenticate(self, bearer: str) -> Principal:
        """Raises domain Unauthenticated (401) for anything but a valid credential; a suspended account still authenticates."""


class IssuedTokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a client gets when a session begins or goes on. `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class Sessions(Protocol):
    """Access tokens (JWT) and single-use refresh tokens, in families."""

    async def begin(self, account_id: UUID, roles: Sequence[str], *, now: datetime) -> IssuedTokens: ...

    async def refresh(self, refresh_token: str, *, now: datetime) -> IssuedTokens:
        """Rotate.   Raises Unauthenticated; the reuse of a used token also ends its family."""

    async def end(self, session: UUID, *, now: datetime) -> None:
        """Log out: the family's tokens stop working."""

    async def end_all(self, account_id: UUID, *, now: datetime, but: UUID | None = None) -> None: ...


class Policy(msgspec.Struct, frozen=True):
    """One rate limit to count against: at most `count` in any `seconds`, for one `key`.

    `holds`: still enforced, on this process's own counts, while Redis is away; the others then allow.
    """

    bucket: str
    key: str
    count: int
    seconds: int
    cost: int = 1
    holds: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """`left` and `reset_seconds` belong to the policies of the question, in order; `refused` is the index of the one that said no."""

    refused: int | None
    retry_after: int
    left: tuple[int, ...]
    reset_seconds: tuple[int, ...]


class Limiter(Protocol):
    """Counts in sliding windows; all policies of a request pass or fail together."""

    async def take(self, policies: Sequence[Policy]) -> Verdict: ...

    def give_back(self, policies: Sequence[Policy]) -> None:
        """Undo a `take` in the background; losing it is harmless."""


class Positions(Protocol):
    """How far each live read model has seen the log."""

    async def current(self) -> Mapping[str, int]:
        """Name of the read model -> position of the last event it has applied."""


class Metrics(Protocol):
    """Counters of this process."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None: ...

    def limiter_bypassed(self, bucket: str) -> None: ...

    async def render(self) -> bytes:
        """The Prometheus text format, with gauges such as queue depth and follower lag read now."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Ports and settings of the API. `checks` are the dependencies that `/health/ready` names; `vital` ones make it 503."""

    journal: Journal
    tail: Tail
    reads: Connections
    vault: Vault
    clock: Clock
    ids: Ids
    objects: ObjectStore
    passwords: Passwords
    sessions: Sessions
    credentials: Credentials
    catalogue: Catalogue
    limiter: Limiter
    positions: Positions
    metrics: Metrics
    #: Without a trailing slash, such as `https://api.example.com`.
    public_url: str
    version: str
    cors_origins: tuple[str, ...] = ()
    #: CIDRs of proxies whose `Forwarded` and `X-Forwarded-For` are believed.
    trusted_proxies: tuple[str, ...] = ()
    metrics_token: str | None = None
    welcome_credits: int = 25
    #: bucket -> "count/seconds" over the defaults; `limits_off` stops counting altogether.
    rate_limits: Mapping[str, str] = field(default_factory=dict)
    limits_off: bool = False
    checks: Mapping[str, Callable[[], Awaitable[Any]]] = field(default_factory=dict)
    vital: tuple[str, ...] = ("postgresql", "migrations")
