"""The port `Journal`, on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

from domain.archive.ports import Archive
from domain.kernel.commands import Command, Context, Handler, Need, Receipt
from domain.kernel.facts import Root
from domain.kernel.limits import WRITER_QUEUE_MAX
from domain.ports import Clock, Connections, Recorded
from infra.journal import reads, receipts
from infra.journal.backlog import Backlog
from infra.journal.cache import Cache
from infra.journal.link import Link
from infra.journal.mapper import CanonicalMapper
from infra.journal.meters import Meters
from infra.journal.pending import Pending
from infra.journal.prepare import Preparer
from infra.journal.snapshots import copy_of
from infra.journal.snapshotter import Snapshotter
from infra.journal.tails import fold, read_tails
from infra.journal.twins import Twins
from infra.journal.writer import Writer

CACHE_AGGREGATES = 20_000

Kind = TypeVar("Kind", bound=Root)


class PostgresJournal:
    """Implements `domain.ports.Journal`. Make it with `open_journal`."""

    def __init__(
        self,
        dsn: str,
        connections: Connections,
        *,
        handlers: Mapping[type[Command], Handler],
        clock: Clock,
        meters: Meters,
        cache_size: int = CACHE_AGGREGATES,
        queue_max: int = WRITER_QUEUE_MAX,
        archive: Archive | None = None,
    ) -> None:
        self._connections = connections
        self._handlers = handlers
        self._mapper = CanonicalMapper()
        self._backlog = Backlog(queue_max)
        self._twins = Twins()
        self._preparer = Preparer(Cache(cache_size), self._mapper, clock)
        self._snapshotter = Snapshotter(connections)
        self._links = Link(dsn, "daybook journal", archive), Link(dsn, "daybook journal side", archive)
        self._writer = Writer(
            main=self._links[0],
            side=self._links[1],
            backlog=self._backlog,
            preparer=self._preparer,
            snapshotter=self._snapshotter,
            meters=meters,
        )
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def skew_seconds(self) -> float:
        """How far the database's clock was ahead of this process's when last seen."""
        return self._preparer.skew_seconds

    @property
    def waiting(self) -> int:
        """Commands that wait for the writer."""
        return len(self._backlog)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._writer.run()), asyncio.create_task(self._snapshotter.run())]

    async def close(self) -> None:
        """Decide what waits, answer everybody, then let the connections go."""
        self._writer.stop()
        writer, snapshotter = self._tasks
        await writer
        snapshotter.cancel()
        with suppress(asyncio.CancelledError):
            await snapshotter
        for link in self._links:
            await link.close()

    async def execute(self, command: Command, context: Context) -> Receipt:
        return await self._twins.once(context, lambda: self._submit(command, context))

    def _submit(self, command: Command, context: Context) -> Pending:
        handler = self._handlers[type(command)]
        pending = Pending(command, context, handler, handler.needs(command), self._twins.answered)
        self._backlog.add(pending)
        return pending

    async def load(self, kind: type[Kind], stream: UUID, *, until: int | None = None, fresh: bool = True) -> Kind | None:
        known = self._copy(kind, stream)
        if known is not None and (not fresh if until is None else known.position == until):
            return known
        async with self._connections.connection() as connection:
            if until is None:
                tails = await read_tails(connection, [(Need(kind, stream), known.version if known else 0)], [])
                rows = tails.rows
            else:
                known = None
                rows = await reads.rows_until(connection, kind, stream, until)
        found = fold(known, kind, rows, self._mapper)
        # Clients may name any id: that of another kind of thing names nothing here.
        return found if isinstance(found, kind) else None

    async def load_all(self, kind: type[Kind], streams: Collection[UUID]) -> Mapping[UUID, Kind]:
        unseen = [Need(kind, stream) for stream in streams if self._cached(kind, stream) is None]
        if unseen:
            async with self._connections.connection() as connection:
                tails = await read_tails(connection, [(need, 0) for need in unseen], [])
            self._preparer.remember(unseen, tails.rows)
        return {stream: known for stream in streams if (known := self._copy(kind, stream)) is not None}

    def seen(self, kind: type[Kind], stream: UUID, *, at: int) -> Kind | None:
        cached = self._cached(kind, stream)
        return cached if cached is not None and cached.position == at else None

    def _copy(self, kind: type[Kind], stream: UUID) -> Kind | None:
        cached = self._cached(kind, stream)
        return None if cached is None else copy_of(cached)

    def _cached(self, kind: type[Kind], stream: UUID) -> Kind | None:
        """The writer's own aggregate, unless it is ahead of the log."""
        cached = self._preparer.cache.get(stream) if self._writer.settled(stream) else None
        return cached if isinstance(cached, kind) else None

    async def receipt(self, command_id: UUID) -> Receipt | None:
        async with self._connections.connection() as connection:
            found = await receipts.known(connection, [command_id])
        return found[command_id].receipt if found else None

    async def claimed(self, claim: str) -> UUID | None:
        found: UUID | None = await self._value(reads.CLAIM, claim=claim)
        return found

    async def version(self, stream: UUID) -> int:
        return int(await self._value(reads.VERSION, stream=stream) or 0)

    async def head(self) -> int:
        return int(await self._value(reads.HEAD) or 0)

    async def last_position(self, account_id: UUID) -> int:
        return int(await self._value(reads.LAST_OF_ACCOUNT, account_id=account_id) or 0)

    async def read(self, after: int, limit: int) -> list[Recorded]:
        return await self._events(reads.PAGE, after=after, limit=limit)

    async def rows(self, after: int, limit: int, *, features: Sequence[str] | None = None) -> list[Any]:
        """As `read`, but not decoded; `decoded` makes an event of one. With *features* only their events, and the page's last one.

        For the tail, which needs few of them.
        """
        query = reads.PAGE
        values: dict[str, Any] = {"after": after, "limit": limit}
        if features is not None:
            query, values = reads.PAGE_OF_FEATURES, {**values, "features": list(features)}
        async with self._connections.connection() as connection:
            return await reads.rows(connection, query, values)

    def decoded(self, row: Any) -> Recorded:
        return reads.recorded(row, self._mapper)

    async def stream(self, stream: UUID) -> list[Recorded]:
        return await self._events(reads.STREAM, stream=stream)

    async def of_account(self, account_id: UUID, topics: Collection[str], *, after: int, limit: int) -> list[Recorded]:
        return await self._events(reads.OF_ACCOUNT, account_id=account_id, topics=list(topics), after=after, limit=limit)

    async def _value(self, query: str, **values: Any) -> Any:
        async with self._connections.connection() as connection:
            return await reads.value(connection, query, values)

    async def _events(self, query: str, **values: Any) -> list[Recorded]:
        async with self._connections.connection() as connection:
            return await reads.events(connection, query, values, self._mapper)


@asynccontextmanager
async def open_journal(
    dsn: str,
    connections: Connections,
    *,
    handlers: Mapping[type[Command], Handler],
    clock: Clock,
    meters: Meters | None = None,
    cache_size: int = CACHE_AGGREGATES,
    queue_max: int = WRITER_QUEUE_MAX,
    archive: Archive | None = None,
) -> AsyncIterator[PostgresJournal]:
    """A journal whose writer runs for as long as the block lasts. At its end everything accepted is decided.

    *archive*: where the words of old events are; *connections* know theirs by themselves.
    """
    journal = PostgresJournal(
        dsn,
        connections,
        handlers=handlers,
        clock=clock,
        meters=meters or Meters(),
        cache_size=cache_size,
        queue_max=queue_max,
        archive=archive,
    )
    journal.start()
    try:
        yield journal
    finally:
        await journal.close()
