"""What a process knows of accounts, and when it forgets it."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

from domain.accounts.account import Account
from domain.kernel.refusals import Unavailable
from infra.access.directory import CACHE_ACCOUNTS, CACHE_SECONDS, AccountDirectory

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def account(account_id, roles=("user",)):
    return Account.register(account_id, sealed_profile="s1.", email_index="x", sealed_password_hash="s1.", roles=list(roles), now=NOON)


class Log:
    """Loads accounts as they are now, and counts how often it was asked."""

    def __init__(self, *accounts):
        self.accounts = {account.id: account for account in accounts}
        self.asked = 0
        self.meanwhile = lambda: None

    async def load(self, kind, stream, *, until=None):
        self.asked += 1
        found = self.accounts.get(stream)
        self.meanwhile()
        return found


class Told:
    """A tail that tells what it is given; `slow` once makes it give up."""

    def __init__(self, *batches):
        self.batches = list(batches)
        self.done = asyncio.Event()

    @asynccontextmanager
    async def follow(self, *, account_id=None, stream=None, feature=None):
        assert feature == "accounts"
        yield self._events()

    async def _events(self):
        if not self.batches:
            self.done.set()
            await asyncio.Event().wait()
        for event in self.batches.pop(0):
            if event is None:
                raise Unavailable(retry_after=1)
            yield event


async def following(directory, tail):
    task = asyncio.create_task(directory.follow(tail))
    async with asyncio.timeout(5):
        await asyncio.wait({task, asyncio.create_task(tail.done.wait())}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()


def changed(account_id):
    return SimpleNamespace(topic="accounts.roles_changed", stream=account_id)


async def test_an_account_is_read_once_until_its_time_is_over():
    someone, seconds = account(uuid4()), 0.0
    log = Log(someone)
    directory = AccountDirectory(log, monotonic=lambda: seconds)
    for _ in range(3):
        assert (await directory.facts(someone.id)).roles == {"user"}
    assert log.asked == 1
    seconds = CACHE_SECONDS + 1
    await directory.facts(someone.id)
    assert log.asked == 2


async def test_nobody_is_not_remembered():
    log = Log()
    directory = AccountDirectory(log)
    assert [await directory.facts(uuid4()), await directory.facts(uuid4())] == [None, None]
    assert log.asked == 2


async def test_a_change_in_the_log_is_forgotten_at_once_and_other_facts_are_not_asked_again():
    one, other = account(uuid4()), account(uuid4())
    log = Log(one, other)
    directory = AccountDirectory(log)
    tail, gate = Told(), asyncio.Event()

    async def events():
        await gate.wait()
        yield changed(one.id)
        tail.done.set()
        await asyncio.Event().wait()

    tail._events = events
    task = asyncio.create_task(directory.follow(tail))
    await asyncio.sleep(0)
    await directory.facts(one.id)
    await directory.facts(other.id)
    gate.set()
    await tail.done.wait()
    await directory.facts(one.id)
    await directory.facts(other.id)
    task.cancel()
    assert log.asked == 3


async def test_what_changes_while_it_is_read_is_not_kept():
    someone = account(uuid4())
    log = Log(someone)
    directory = AccountDirectory(log)
    log.meanwhile = lambda: directory.forget(someone.id)
    assert await directory.facts(someone.id) is not None
    log.meanwhile = lambda: None
    await directory.facts(someone.id)
    await directory.facts(someone.id)
    assert log.asked == 2


async def test_whoever_lost_the_log_forgets_everything_and_follows_again():
    someone = account(uuid4())
    log = Log(someone)
    directory = AccountDirectory(log)
    await directory.facts(someone.id)
    tail = Told([None])
    await following(directory, tail)
    await directory.facts(someone.id)
    assert log.asked == 2


async def test_only_so_many_are_known():
    log = Log(*(account(uuid4()) for _ in range(3)))
    directory = AccountDirectory(log)
    for account_id in log.accounts:
        await directory.facts(account_id)
    assert len(directory._known) == 3 <= CACHE_ACCOUNTS
