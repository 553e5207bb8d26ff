"""What this process knows of accounts, so that authenticating costs no question to the database."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.accounts.account import Account
from domain.kernel.refusals import Unavailable
from domain.ports import Journal, Tail
from infra.kept import Kept

CACHE_ACCOUNTS = 10_000
#: The tail says at once what has changed; this is for the day it cannot.
CACHE_SECONDS = 60.0
FEATURE = "accounts"


class ApiToken(NamedTuple):
    id: str
    scopes: frozenset[str]
    expires_at: datetime | None


class Facts(NamedTuple):
    """What a request's credential is checked against. `api_tokens` by the SHA-256 (hex) of the token."""

    roles: frozenset[str]
    suspended: bool
    #: Its erasure was requested, or is done.
    forgotten: bool
    limits: Mapping[str, str]
    password_changed_at: datetime
    api_tokens: Mapping[str, ApiToken]


class AccountDirectory:
    """Facts of accounts, folded from their streams and dropped as soon as the log says that they changed."""

    def __init__(
        self,
        journal: Journal,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        changed: Callable[[UUID], None] = lambda account_id: None,
    ) -> None:
        """*changed* is told of every account that is forgotten because it has changed."""
        self._journal = journal
        self._changed = changed
        self._known: Kept[Facts] = Kept(CACHE_ACCOUNTS, CACHE_SECONDS, monotonic)
        #: Whether these very facts are what `facts` would give at once.
        self.stands = self._known.has
        self._changes = 0

    async def facts(self, account_id: UUID) -> Facts | None:
        """None when there is no such account."""
        known = self._known.fresh(account_id)
        if known is not None:
            return known
        changes = self._changes
        account = await self._journal.load(Account, account_id)
        if account is None:
            return None
        facts = facts_of(account)
        # What changed while it was read may be missing from it: then it is good for this once.
        if changes == self._changes:
            self._known.keep(account_id, facts)
        return facts

    def forget(self, account_id: UUID) -> None:
        """It has changed: ask anew."""
        self._changes += 1
        self._known.drop(account_id)
        self._changed(account_id)

    async def follow(self, tail: Tail) -> None:
        """Drop what changes, for ever."""
        while True:
            self._changes += 1
            # Before this moment nobody told us of changes.
            self._known.clear()
            # Too slow for the log: begin again, knowing nothing.
            with suppress(Unavailable):
                async with tail.follow(feature=FEATURE) as events:
                    async for event in events:
                        self.forget(event.stream)
                    return


@asynccontextmanager
async def open_directory(
    journal: Journal, tail: Tail, changed: Callable[[UUID], None] = lambda account_id: None
) -> AsyncIterator[AccountDirectory]:
    """A directory that follows *tail* for as long as the block lasts."""
    directory = AccountDirectory(journal, changed=changed)
    task = asyncio.create_task(directory.follow(tail))
    try:
        yield directory
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def facts_of(account: Account) -> Facts:
    return Facts(
        roles=frozenset(account.roles),
        suspended=account.status == "suspended",
        forgotten=account.forgotten,
        limits=dict(account.limits),
        password_changed_at=account.password_changed_at or account.created_on,
        api_tokens={
            token["token_hash"]: ApiToken(token_id, frozenset(token["scopes"]), token["expires_at"])
            for token_id, token in account.api_tokens.items()
        },
    )
