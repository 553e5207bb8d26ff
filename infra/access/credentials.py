"""From a bearer token to a principal: no question to the database for a caller who was here a moment ago."""

import hashlib
from collections import OrderedDict
from datetime import datetime
from uuid import UUID

import msgspec

from domain.access.ports import Principal
from domain.access.refusals import Erased, InvalidToken
from domain.ports import Clock, Journal
from infra.access.access_tokens import AccessTokens
from infra.access.directory import AccountDirectory, Facts
from infra.access.sessions import Live, PostgresSessions

API_TOKEN_PREFIX = "dbk_"
API_TOKEN_CHARS_MAX = 100
CACHE_HASHES = 10_000
CACHE_CALLERS = 10_000


class _Caller(msgspec.Struct, frozen=True, eq=False):
    """Who shows an access token, as long as what is known of his account and of his session stays what it was."""

    principal: Principal
    facts: Facts
    session_id: UUID
    session: Live
    until: datetime


class BearerCredentials:
    """Implements `domain.access.ports.Credentials`."""

    def __init__(
        self, journal: Journal, directory: AccountDirectory, sessions: PostgresSessions, tokens: AccessTokens, clock: Clock
    ) -> None:
        self._journal = journal
        self._directory = directory
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
        #: Whose token a hash is. A token never changes hands, and whether it still counts is asked of its account.
        self._owners: OrderedDict[str, UUID] = OrderedDict()
        #: By access token.
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    async def authenticate(self, bearer: str) -> Principal:
        if bearer.startswith(API_TOKEN_PREFIX):
            return await self._api_token(bearer)
        now = self._clock.now()
        caller = self._callers.get(bearer)
        if caller is None or not self._stands(caller, now):
            caller = self._callers[bearer] = await self._found(bearer, now)
            if len(self._callers) > CACHE_CALLERS:
                self._callers.popitem(last=False)
        return caller.principal

    def _stands(self, caller: _Caller, now: datetime) -> bool:
        """Whether all would be found again as it was."""
        return (
            caller.until > now
            and self._directory.stands(caller.principal.account_id, caller.facts)
            and self._sessions.stands(caller.session_id, caller.session)
        )

    async def _found(self, access_token: str, now: datetime) -> _Caller:
        """Raises InvalidToken, Erased."""
        claims = self._tokens.read(access_token, now=now)
        facts, session = await self._in_session(claims.account_id, claims.session, now=now)
        principal = Principal(
            account_id=claims.account_id,
            roles=facts.roles,
            scopes=None,
            token_id=claims.token_id,
            session=claims.session,
            expires_at=claims.expires_at,
            suspended=facts.suspended,
            limits=facts.limits,
        )
        return _Caller(principal, facts, claims.session, session, min(claims.expires_at, session.expires_at))

    async def renewed(self, principal: Principal) -> Principal:
        now = self._clock.now()
        if principal.expires_at is not None and principal.expires_at <= now:
            raise InvalidToken()
        if principal.session is not None:
            facts, _ = await self._in_session(principal.account_id, principal.session, now=now)
        else:
            known = await self._directory.facts(principal.account_id)
            if known is not None and known.forgotten:
                raise Erased()
            if known is None or all(token.id != principal.token_id for token in known.api_tokens.values()):
                raise InvalidToken()
            facts = known
        return msgspec.structs.replace(principal, roles=facts.roles, suspended=facts.suspended, limits=facts.limits)

    def forget(self, account_id: UUID) -> None:
        self._directory.forget(account_id)

    async def _in_session(self, account_id: UUID, session_id: UUID, *, now: datetime) -> tuple[Facts, Live]:
        """The account whose session it is, and the session.   Raises InvalidToken, Erased."""
        facts = await self._directory.facts(account_id)
        session = await self._sessions.live(session_id)
        if facts is not None and facts.forgotten:
            # The token is genuine, so whoever shows it may know what became of the account.
            raise Erased()
        if facts is None or session is None or session.account_id != account_id or session.expires_at <= now:
            raise InvalidToken()
        if session.created_at < facts.password_changed_at:
            raise InvalidToken()
        return facts, session

    async def _api_token(self, bearer: str) -> Principal:
        if len(bearer) > API_TOKEN_CHARS_MAX or not bearer.isascii():
            raise InvalidToken()
        token_hash = hashlib.sha256(bearer.encode()).hexdigest()
        account_id = self._owners.get(token_hash) or await self._owner(token_hash)
        facts = await self._directory.facts(account_id)
        token = facts.api_tokens.get(token_hash) if facts is not None else None
        if facts is None or token is None or (token.expires_at is not None and token.expires_at <= self._clock.now()):
            raise InvalidToken()
        return Principal(
            account_id=account_id,
            roles=facts.roles,
            scopes=token.scopes,
            token_id=token.id,
            expires_at=token.expires_at,
            suspended=facts.suspended,
            limits=facts.limits,
        )

    async def _owner(self, token_hash: str) -> UUID:
        account_id = await self._journal.claimed(f"api_token:{token_hash}")
        if account_id is None:
            raise InvalidToken()
        self._owners[token_hash] = account_id
        if len(self._owners) > CACHE_HASHES:
            self._owners.popitem(last=False)
        return account_id
