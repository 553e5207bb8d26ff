"""A real journal for tests: on a database of its own, with commands' contexts at hand."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from domain.commands import HANDLERS
from domain.kernel.commands import Command, Context, Handler
from domain.kernel.ids import uuid7
from infra.journal.journal import PostgresJournal, open_journal
from infra.journal.meters import Meters
from infra.postgres.pool import Pool, open_pool


@dataclass
class TestClock:
    """The machine's clock, shifted by what a test wants."""

    __test__ = False
    shift: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift


@dataclass
class JournalWorld:
    """An open journal and what it stands on."""

    dsn: str
    pool: Pool
    journal: PostgresJournal
    clock: TestClock
    batches: list[float] = field(default_factory=list)

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What SQL sees."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(query, values)
            return list(await cursor.fetchall())


def new_id() -> UUID:
    return uuid7(int(datetime.now(UTC).timestamp() * 1000), os.urandom(10))


def context(command_id: UUID | None = None, *, fingerprint: bytes | None = None, status: int | None = None) -> Context:
    """A context of now, with a new command id unless one is given."""
    return Context(
        actor="test",
        now=datetime.now(UTC),
        command_id=command_id or new_id(),
        fingerprint=fingerprint,
        status=status,
        correlation="test",
    )


@asynccontextmanager
async def journal_world(
    dsn: str, handlers: Mapping[type[Command], Handler] = HANDLERS, *, queue_max: int = 8_192, cache_size: int = 20_000
) -> AsyncIterator[JournalWorld]:
    """A journal on the migrated database *dsn*."""
    clock = TestClock()
    batches: list[float] = []
    meters = Meters(batch_commands=batches.append)
    async with (
        open_pool(dsn, size=4) as pool,
        open_journal(dsn, pool, handlers=handlers, clock=clock, meters=meters, queue_max=queue_max, cache_size=cache_size) as journal,
    ):
        yield JournalWorld(dsn, pool, journal, clock, batches)


def execute_sql(dsn: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """One statement on a connection of its own, as a person with psql would send it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return list(cursor.fetchall()) if cursor.description else []
