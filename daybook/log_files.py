"""The log into a file and out of one, on the engines that the settings name."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

from psycopg import AsyncConnection

from daybook.objects import archive
from daybook.schema import direct_url
from daybook.settings import Settings
from infra.imports.book import Imported, import_log
from projections.archive.whole import attach
from projections.log.export import exported

PAGE_EVENTS = 4_000
Advance = Callable[[int, int], None]


async def write_export(settings: Settings, file: BinaryIO, advance: Advance, *, account_id: str | None) -> int:
    """Returns the last position covered."""
    head = 0
    dsn = direct_url(settings)
    async with (
        archive(settings) as old,
        await AsyncConnection.connect(dsn, autocommit=True, application_name="daybook export") as conn,
    ):
        attach(conn, old)

        @asynccontextmanager
        async def connect() -> AsyncIterator[AsyncConnection[Any]]:
            yield conn

        async for block in exported(connect, log_name=settings.log_name, page_events=PAGE_EVENTS, account_id=account_id):
            file.write(block.lines)
            advance(block.position, block.head)
            head = block.head
    return head


async def read_import(settings: Settings, file: BinaryIO, advance: Callable[[int], None], *, trusted: Collection[str] | None) -> Imported:
    """Raises ImportRefused."""
    return await import_log(direct_url(settings), file, trusted=trusted, on_progress=advance)
