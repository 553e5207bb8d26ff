"""Logs filled straight through the journal: for rows that need many events, or credits, before they measure."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import getrandbits
from uuid import UUID

from domain.accounts.commands import RegisterAccount
from domain.commands import HANDLERS
from domain.credits.commands import GrantCredits
from domain.generations.commands import FailGeneration, RequestGeneration, StartGeneration, SucceedGeneration
from domain.kernel.commands import Command, Context
from infra.journal.journal import PostgresJournal, open_journal
from infra.journal.meters import Meters
from infra.postgres.pool import Pool

SEALED = "s1." + "x" * 180
#: Fewer than the journal lets wait.
AT_ONCE = 1_000


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def new_id() -> UUID:
    """In order of time like a UUIDv7, and cheap: making ids is not what is measured."""
    return UUID(int=time.time_ns() << 64 | getrandbits(64))


@asynccontextmanager
async def journal_of(dsn: str, *, connections: int = 4, meters: Meters | None = None) -> AsyncIterator[PostgresJournal]:
    pool = Pool(dsn, size=connections, name="bench")
    await pool.open()
    try:
        async with open_journal(dsn, pool, handlers=HANDLERS, clock=WallClock(), meters=meters or Meters()) as journal:
            yield journal
    finally:
        await pool.close()


def asked(command: Command) -> tuple[Command, Context]:
    return command, Context(actor="bench", now=datetime.now(UTC), command_id=new_id())


async def execute(journal: PostgresJournal, command: Command) -> None:
    await journal.execute(*asked(command))


async def open_account(journal: PostgresJournal, credits: int) -> UUID:
    account = new_id()
    register = RegisterAccount(
        account_id=account,
        sealed_profile=SEALED,
        email_index=account.hex,
        sealed_password_hash=SEALED,
        roles=["user"],
        welcome_grant_id=new_id(),
        welcome_credits=credits,
    )
    await execute(journal, register)
    return account


async def grant(dsn: str, account: UUID, credits: int) -> None:
    await grant_all(dsn, [account], credits)


async def grant_all(dsn: str, accounts: Sequence[UUID], credits: int) -> None:
    async with journal_of(dsn) as journal:
        for account in accounts:
            values = {"source": "operator", "priority": 0, "expires_at": None, "reason": "bench"}
            await execute(journal, GrantCredits(account_id=account, grant_id=new_id(), amount=credits, **values))


def request_of(account: UUID, generation: UUID) -> RequestGeneration:
    return RequestGeneration(
        generation_id=generation,
        account_id=account,
        kind="image",
        model="bench/noop",
        provider="noop",
        queue="image",
        params={"size": "512x512", "style": None, "count": 1, "seed": None, "format": "png"},
        inputs=[],
        sealed=SEALED,
        tag_index=[],
        priority="normal",
        quoted=5,
        price_version=1,
        on_cancel="free",
        run_at=None,
        start_deadline=None,
        deadline=datetime.now(UTC) + timedelta(hours=1),
    )


async def one_life(journal: PostgresJournal, account: UUID) -> None:
    """A generation from its request to its end: five events; every tenth fails."""
    generation = new_id()
    await execute(journal, request_of(account, generation))
    await execute(journal, StartGeneration(generation_id=generation, worker="bench"))
    if generation.int % 10 == 0:
        end: Command = FailGeneration(
            generation_id=generation, account_id=account, attempt=1, code="no_output", message="Nothing came.", retryable=True
        )
    else:
        end = SucceedGeneration(
            generation_id=generation, account_id=account, attempt=1, worker="bench", assets=[], price=5, usage={"item": 1}
        )
    await execute(journal, end)


async def fill(dsn: str, events: int, *, clients: int = 128, accounts: int = 200) -> Sequence[UUID]:
    """Append about *events* events of *accounts* accounts that live their lives."""
    async with journal_of(dsn) as journal:
        opened = await asyncio.gather(*(open_account(journal, 10_000_000) for _ in range(accounts)))
        lives = iter(range(max(0, events - 3 * accounts) // 5))

        async def client(number: int) -> None:
            for life in lives:
                await one_life(journal, opened[(number + life) % accounts])

        await asyncio.gather(*(client(number) for number in range(clients)))
    return opened


async def fill_queue(dsn: str, generations: int) -> None:
    """Request *generations* of one account that nobody works on yet."""
    async with journal_of(dsn) as journal:
        account = await open_account(journal, 10_000_000)
        for begin in range(0, generations, AT_ONCE):
            await asyncio.gather(
                *(execute(journal, request_of(account, new_id())) for _ in range(begin, min(begin + AT_ONCE, generations)))
            )
