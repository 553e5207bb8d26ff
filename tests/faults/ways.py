"""Ways to a process on which things get lost: one to PostgreSQL, one to the API."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from tests.journal.proxy import Proxy

ACCEPTED = b"HTTP/1.1 202"


@asynccontextmanager
async def way_to_postgres(database_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server of *database_url*, and the URL of the same database through it."""
    parts = urlsplit(database_url)
    named = parse_qs(parts.query)
    # A short path: a socket's name has room for about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="dbk"))
    name = f".s.PGSQL.{named['port'][0]}"
    proxy = Proxy(Path(named["host"][0]) / name)
    server = await asyncio.start_unix_server(proxy.serve, str(folder / name))
    try:
        yield proxy, urlunsplit(parts._replace(query=f"host={quote(str(folder), safe='')}&port={named['port'][0]}"))
    finally:
        server.close()
        proxy.cut_all()
        shutil.rmtree(folder)


@asynccontextmanager
async def way_to_api(port: int, lost: Callable[[], bool]) -> AsyncIterator[int]:
    """The port of a proxy before the API at *port*.

    When an answer of 202 has come, `lost` is asked whether the caller's connection breaks instead, before one byte of it has passed.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pump(reader, server_writer, lambda data: False), _pump(server_reader, writer, _is_lost))
        writer.close()

    def _is_lost(data: bytes) -> bool:
        return data.startswith(ACCEPTED) and lost()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: Callable[[bytes], bool]) -> None:
    with closing(writer), suppress(OSError):
        while (data := await reader.read(65536)) and not lost(data):
            writer.write(data)
            await writer.drain()
