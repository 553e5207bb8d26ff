"""Credentials and sessions, as the edges see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec


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

    async def renewed(self, principal: Principal) -> Principal:
        """The same credential as it stands now, for whoever stays.   Raises Unauthenticated once it counts no more, Erased."""

    def forget(self, account_id: UUID) -> None:
        """Ask the log anew about *account_id*: it was just changed here, and whoever did so is told that it is in force."""


class IssuedTokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a client gets when a session begins or goes on. `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is kept: when it began, and when and by what it ended. `ended_at` None: not yet."""

    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None


class Sessions(Protocol):
    """Access tokens (JWT) and single-use refresh tokens, in families."""

    async def begin(self, account_id: UUID, *, now: datetime) -> IssuedTokens: ...

    async def refresh(self, refresh_token: str, *, now: datetime) -> IssuedTokens:
        """Rotate.   Raises Unauthenticated; the reuse of a used token also ends its family."""

    async def end(self, session: UUID, *, now: datetime) -> None:
        """Log out: the family's tokens stop working."""

    async def end_all(self, account_id: UUID, *, now: datetime, but: UUID | None = None) -> None: ...

    async def last_begun(self, account_id: UUID) -> datetime | None:
        """When somebody last logged in, as far as sessions are kept."""

    async def of(self, account_id: UUID) -> list[Begun]:
        """All that is kept of the account's sessions, oldest first."""
