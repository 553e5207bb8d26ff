"""Sessions in PostgreSQL: families of refresh tokens, each used once."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from domain.access.ports import Begun, IssuedTokens
from domain.access.refusals import RefreshTokenInvalid, RefreshTokenReused
from domain.accounts.refusals import AccountSuspended
from domain.kernel.limits import SESSIONS_MAX
from domain.ports import Connections, Ids
from infra.access.access_tokens import LIFE, AccessTokens
from infra.access.directory import AccountDirectory
from infra.access.refresh_tokens import Sign, hash_of, new_token, session_of, successor_of
from infra.kept import Kept

ABSOLUTE = timedelta(days=60)
IDLE = timedelta(days=14)
#: Two tabs, or a client that never saw the answer: both get the same successor.
GRACE = timedelta(seconds=10)
CACHE_SESSIONS = 10_000
#: How long another process may still accept the access token of a session that was logged out here.
CACHE_SECONDS = 5.0

BEGIN = """
    WITH begun AS (
        INSERT INTO access.sessions (session, account_id, created_at, expires_at)
        VALUES (%(session)s, %(account_id)s, %(now)s, %(expires_at)s)
    )
    INSERT INTO access.refresh_tokens (token_hash, session, idle_until) VALUES (%(token_hash)s, %(session)s, %(idle_until)s)
"""
# Each log-in takes a few dead sessions away, so that the table needs no caretaker.
TIDY = """
    DELETE FROM access.sessions
    WHERE session IN (SELECT session FROM access.sessions WHERE expires_at < %(now)s ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED)
"""
# Whoever logs in again and again makes room himself: the oldest go, those that ended first.
CROWD = """
    DELETE FROM access.sessions WHERE session IN (
        SELECT session FROM access.sessions WHERE account_id = %(account_id)s
        ORDER BY (ended_at IS NULL) DESC, created_at DESC, session DESC OFFSET %(most)s
    )
    RETURNING session
"""
# A used token is kept to recognise its reuse; once it would have lapsed unused, it opens nothing and tells nothing more.
LAPSED = "DELETE FROM access.refresh_tokens WHERE session = %(session)s AND used_at IS NOT NULL AND idle_until < %(now)s"
FIND = """
    SELECT t.session, s.account_id, s.created_at, s.expires_at, s.ended_at, t.idle_until, t.used_at
    FROM access.refresh_tokens t JOIN access.sessions s USING (session) WHERE t.token_hash = %(token_hash)s
"""
# Of any number of requests with the same token one finds it unused; its successor appears in the same moment.
ROTATE = """
    WITH used AS (
        UPDATE access.refresh_tokens SET used_at = %(now)s WHERE token_hash = %(token_hash)s AND used_at IS NULL RETURNING session
    )
    INSERT INTO access.refresh_tokens (token_hash, session, idle_until)
    SELECT %(successor_hash)s, session, %(idle_until)s FROM used RETURNING session
"""
END = "UPDATE access.sessions SET ended_at = %(now)s, ended_by = %(by)s WHERE session = %(session)s AND ended_at IS NULL"
END_ALL = """
    UPDATE access.sessions SET ended_at = %(now)s, ended_by = %(by)s
    WHERE account_id = %(account_id)s AND ended_at IS NULL AND session IS DISTINCT FROM %(but)s RETURNING session
"""
OF = """
    SELECT created_at, expires_at, ended_at, ended_by FROM access.sessions WHERE account_id = %(account_id)s ORDER BY created_at, session
"""
LAST = "SELECT max(created_at) FROM access.sessions WHERE account_id = %(account_id)s"
LIVE = "SELECT account_id, created_at, expires_at FROM access.sessions WHERE session = %(session)s AND ended_at IS NULL"


class Live(NamedTuple):
    """A session that has not been ended."""

    account_id: UUID
    created_at: datetime
    expires_at: datetime


class Found(NamedTuple):
    """A refresh token and its session."""

    session: UUID
    account_id: UUID
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    idle_until: datetime
    used_at: datetime | None


class PostgresSessions:
    """Implements `domain.access.ports.Sessions`. A password change ends every session begun before it, whatever this table says."""

    def __init__(
        self,
        connections: Connections,
        directory: AccountDirectory,
        tokens: AccessTokens,
        *,
        sign: Sign,
        ids: Ids,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = connections
        self._directory = directory
        self._tokens = tokens
        self._sign = sign
        self._ids = ids
        self._log = structlog.get_logger().bind(log="security")
        self._live: Kept[Live] = Kept(CACHE_SESSIONS, CACHE_SECONDS, monotonic)
        #: Whether this very session is what `live` would give at once.
        self.stands = self._live.has

    async def begin(self, account_id: UUID, *, now: datetime) -> IssuedTokens:
        session = self._ids.new()
        token = new_token(session)
        values = {"session": session, "account_id": account_id, "now": now, "expires_at": now + ABSOLUTE, "idle_until": now + IDLE}
        async with self._connections.connection() as connection:
            await connection.execute(BEGIN, {**values, "token_hash": hash_of(token)})
            await connection.execute(TIDY, {"now": now})
            crowded_out = await (await connection.execute(CROWD, {"account_id": account_id, "most": SESSIONS_MAX})).fetchall()
        for (other,) in crowded_out:
            self._live.drop(other)
        self._live.keep(session, Live(account_id, now, now + ABSOLUTE))
        return self._issued(account_id, session, token, now)

    async def refresh(self, refresh_token: str, *, now: datetime) -> IssuedTokens:
        session_of(refresh_token)
        successor = successor_of(refresh_token, self._sign)
        key = {"token_hash": hash_of(refresh_token)}
        async with self._connections.connection() as connection:
            found = await self._find(connection, key)
            await self._check(found, now)
            if found.used_at is None and found.idle_until > now:
                idle_until = min(now + IDLE, found.expires_at)
                rotation = {**key, "now": now, "successor_hash": hash_of(successor), "idle_until": idle_until}
                if await (await connection.execute(ROTATE, rotation)).fetchone():
                    await connection.execute(LAPSED, {"session": found.session, "now": now})
                    return self._issued(found.account_id, found.session, successor, now)
                found = await self._find(connection, key)
            if found.used_at is None:
                raise RefreshTokenInvalid()
            if now - found.used_at > GRACE:
                await connection.execute(END, {"session": found.session, "now": now, "by": "reuse"})
                self._live.drop(found.session)
                self._log.warning("refresh token reused", account=str(found.account_id), session=str(found.session))
                raise RefreshTokenReused()
        return self._issued(found.account_id, found.session, successor, now)

    async def end(self, session: UUID, *, now: datetime) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(END, {"session": session, "now": now, "by": "logout"})
        self._live.drop(session)

    async def end_all(self, account_id: UUID, *, now: datetime, but: UUID | None = None) -> None:
        values = {"account_id": account_id, "now": now, "by": "password_changed", "but": but}
        async with self._connections.connection() as connection:
            rows = await (await connection.execute(END_ALL, values)).fetchall()
        for (session,) in rows:
            self._live.drop(session)

    async def last_begun(self, account_id: UUID) -> datetime | None:
        async with self._connections.connection() as connection:
            row = await (await connection.execute(LAST, {"account_id": account_id})).fetchone()
        return row[0] if row else None

    async def of(self, account_id: UUID) -> list[Begun]:
        async with self._connections.connection() as connection:
            rows = await (await connection.execute(OF, {"account_id": account_id})).fetchall()
        return [Begun(created_at=row[0], expires_at=row[1], ended_at=row[2], ended_by=row[3]) for row in rows]

    async def live(self, session: UUID) -> Live | None:
        """The session, unless it was ended; known for a few seconds."""
        known = self._live.fresh(session)
        if known is not None:
            return known
        if (lapsed := self._live.known(session)) is not None:
            # One request asks again; those beside it go on with what was known a moment ago.
            self._live.keep(session, lapsed)
        row = None
        try:
            async with self._connections.connection() as connection:
                row = await (await connection.execute(LIVE, {"session": session})).fetchone()
        finally:
            if row is None:
                self._live.drop(session)
        return None if row is None else self._live.keep(session, Live(*row))

    async def _find(self, connection: Any, key: dict[str, bytes]) -> Found:
        row = await (await connection.execute(FIND, key)).fetchone()
        if row is None:
            raise RefreshTokenInvalid()
        return Found(*row)

    async def _check(self, found: Found, now: datetime) -> None:
        """Raises RefreshTokenInvalid when the session is over, AccountSuspended."""
        facts = await self._directory.facts(found.account_id)
        over = found.ended_at is not None or found.expires_at <= now
        if facts is None or facts.forgotten or over or found.created_at < facts.password_changed_at:
            raise RefreshTokenInvalid()
        if facts.suspended:
            raise AccountSuspended()

    def _issued(self, account_id: UUID, session: UUID, refresh_token: str, now: datetime) -> IssuedTokens:
        access_token = self._tokens.make(account_id, session, token_id=self._ids.new(), now=now)
        return IssuedTokens(access_token=access_token, refresh_token=refresh_token, expires_in=int(LIFE.total_seconds()))
