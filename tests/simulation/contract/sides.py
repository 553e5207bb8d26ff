"""The two sides of the contract: the real database and its twin in memory, behind the same adapters."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import psycopg
from psycopg import AsyncConnection

from domain.generations.kinds.table import KINDS
from domain.kernel.commands import Decision
from infra.dispatch.board import PostgresBoard
from infra.dispatch.claims import PostgresClaims
from infra.dispatch.due import PostgresDue
from infra.dispatch.health import PostgresProviderHealth
from infra.dispatch.limits import PostgresLimits
from infra.dispatch.parked import PostgresParkedJobs
from infra.dispatch.queues import PostgresQueues
from infra.journal.append import Appended, Entry, arguments
from infra.journal.flight import execute
from infra.postgres.arrays import adapters
from tests.simulation.twin.connection import DirectSession, TwinConnection
from tests.simulation.twin.database import Database
from tests.simulation.twin.rows import Rows

TABLES = {
    "journal.events": "position, stream, version, topic, actor, account_id, correlation, causation, command_id, first, fingerprint, "
    "status, result, available, held, owed, outside, book, state",
    "journal.claims": "claim, stream",
    "journal.snapshots": "stream, version, position, kind, shape, state",
    # Times that the server's clock has set are compared by whether they are there.
    "dispatch.work": "generation_id, account_id, queue, model, provider, priority, turn, rank, state, run_at, start_deadline IS NULL, "
    "deadline, started, lease_owner, lease_until IS NULL, claims, deaths, isolate, cancel_requested, poll_at IS NULL, polls, limited, "
    "submitted_at IS NULL",
    "dispatch.queues": "queue, paused",
    "dispatch.workers": "worker, queues, slots, running, draining",
    "dispatch.limits": "scope, name, most, lane, submits, seconds",
    "dispatch.submits": "lane",
    "dispatch.providers": "provider, failures, code, failed_at IS NULL, succeeded_at IS NULL, open_until IS NULL, opened",
}
#: Not TRUNCATE, which makes new files: these tables hold a few rows.
EMPTY = "; ".join([*(f"DELETE FROM {table}" for table in TABLES), *(f"SELECT setval('dispatch.clock_{kind}', 0)" for kind in KINDS)])
#: Not a table, but what turns go by.
CLOCKS = "SELECT q.queue, dispatch.clock(q.queue) FROM unnest(%(queues)s::text[]) AS q (queue)"


class Side(Protocol):
    """`connection` speaks as psycopg does; `contents` are the rows of each table, in a canonical order."""

    connection: Any

    async def contents(self) -> dict[str, list[tuple[Any, ...]]]: ...

    async def recorded(self) -> list[datetime]: ...

    async def make_due(self, column: str) -> None: ...

    async def move_clock(self, queue: str, turn: int) -> None: ...


class Adapters:
    """The adapters of the house on one side."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.board = PostgresBoard(self)
        self.claims = PostgresClaims(self)
        self.due = PostgresDue(self)
        self.health = PostgresProviderHealth(self)
        self.limits = PostgresLimits(self)
        self.parked = PostgresParkedJobs(self)
        self.queues = PostgresQueues(self)

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Any]:
        """Implements `domain.ports.Connections`."""
        yield self.side.connection

    async def append(self, *entries: Entry) -> Appended:
        return await execute(self.side.connection, arguments(entries))

    async def ask(self, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return list(await (await self.side.connection.execute(query, values)).fetchall())

    async def ask_nothing(self, query: str, values: Mapping[str, Any]) -> int:
        """How many rows a statement without an answer changed, where that is told."""
        return int((await self.side.connection.execute(query, values)).rowcount)

    async def make_due(self, column: str) -> None:
        """What waits for its time in *column* waits no longer: the tests do not wait with it."""
        await self.side.make_due(column)


class SqlSide:
    """PostgreSQL."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self.connection = connection

    async def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        found = {table: canonical(await self._rows(f"SELECT {columns} FROM {table}")) for table, columns in TABLES.items()}
        clocks = await (await self.connection.execute(CLOCKS, {"queues": list(KINDS)})).fetchall()
        return {**found, "clocks": canonical(clocks)}

    async def recorded(self) -> list[datetime]:
        return [row[0] for row in await self._rows("SELECT recorded_at FROM journal.events ORDER BY position")]

    async def make_due(self, column: str) -> None:
        table = "providers" if column == "open_until" else "work"
        await self.connection.execute(f"UPDATE dispatch.{table} SET {column} = now() - interval '1 h' WHERE {column} IS NOT NULL".encode())

    async def move_clock(self, queue: str, turn: int) -> None:
        await self.connection.execute("SELECT setval(dispatch.clock_of(%(queue)s), %(turn)s)", {"queue": queue, "turn": turn})

    async def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return list(await (await self.connection.execute(query.encode())).fetchall())


class TwinSide:
    """The twin, on the machine's clock."""

    def __init__(self) -> None:
        self.database = Database(lambda: datetime.now(UTC))
        self.connection = TwinConnection(DirectSession(self.database))

    async def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        log, rows = self.database.log, self.database.rows
        found: dict[str, list[tuple[Any, ...]]] = {
            "journal.events": [(*e[:4], *e[5:14], *e.postings, e.state) for e in log.events],
            "journal.claims": list(log.claims.items()),
            "journal.snapshots": [(stream, *snapshot) for stream, of_stream in log.snapshots.items() for snapshot in of_stream.values()],
            **_dispatch(rows),
        }
        return {**{table: canonical(found[table]) for table in TABLES}, "clocks": canonical(list(rows.clocks.items()))}

    async def recorded(self) -> list[datetime]:
        return [event.recorded_at for event in self.database.log.events]

    async def make_due(self, column: str) -> None:
        rows = self.database.rows
        for row in (*rows.work.values(), *rows.providers.values()):
            if getattr(row, column, None) is not None:
                setattr(row, column, self.database.clock() - timedelta(hours=1))

    async def move_clock(self, queue: str, turn: int) -> None:
        self.database.rows.move_clock(queue, turn)


def _dispatch(rows: Rows) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "dispatch.work": [
            (
                *(w.generation_id, w.account_id, w.queue, w.model, w.provider, w.priority, w.turn, w.rank, w.state, w.run_at),
                *(w.start_deadline is None, w.deadline, w.started, w.lease_owner, w.lease_until is None, w.claims, w.deaths, w.isolate),
                *(w.cancel_requested, w.poll_at is None, w.polls, w.limited, w.submitted_at is None),
            )
            for w in rows.work.values()
        ],
        "dispatch.queues": [(queue, paused) for queue, (paused, _) in rows.queues.items()],
        "dispatch.workers": [(worker, card.queues, card.slots, card.running, card.draining) for worker, card in rows.workers.items()],
        "dispatch.limits": [(*key, limit.most, limit.lane, limit.submits, limit.seconds) for key, limit in rows.limits.items()],
        "dispatch.submits": [(lane,) for lane, _ in rows.submits],
        "dispatch.providers": [
            (name, h.failures, h.code, h.failed_at is None, h.succeeded_at is None, h.open_until is None, h.opened)
            for name, h in rows.providers.items()
        ],
    }


def canonical(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """In an order of their own, with bytes as bytes."""
    plain = [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows]
    return sorted(plain, key=repr)


@asynccontextmanager
async def sql_side(dsn: str) -> AsyncIterator[SqlSide]:
    """The real database, emptied."""
    connection: AsyncConnection[Any] = await AsyncConnection.connect(dsn, autocommit=True, context=adapters())
    connection.prepare_threshold = None
    async with connection:
        await connection.execute(EMPTY.encode())
        yield SqlSide(connection)


async def refusal_of(adapters_: Adapters, *entries: Entry) -> str | None:
    """The SQLSTATE with which the append refuses *entries*; None when it takes them."""
    try:
        await adapters_.append(*entries)
    except psycopg.Error as error:
        return error.sqlstate
    return None


#: A decision about nobody's things.
NOBODY = Decision(account_id=None)
