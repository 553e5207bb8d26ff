"""The proxy before PostgreSQL leaves no session behind whose client is gone: nobody would read it, and who listens would be waited for."""

import asyncio
from pathlib import Path

from tests.journal.proxy import Proxy


async def test_a_client_that_dies_with_answers_unread_takes_its_session_along(folder: Path) -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(b"an answer")
        await writer.drain()
        assert await reader.read() == b""
        ended.set()
        writer.close()

    server = await asyncio.start_unix_server(serve, str(folder / "server"))
    before = await asyncio.start_unix_server(Proxy(folder / "server").serve, str(folder / "proxy"))
    async with server, before:
        _, writer = await asyncio.open_unix_connection(str(folder / "proxy"))
        writer.transport.pause_reading()
        writer.write(b"hello")
        # As long as the answer takes to lie unread: then the end of the client is a reset, and no mere end.
        await asyncio.sleep(0.1)
        writer.transport.abort()
        async with asyncio.timeout(5):
            await ended.wait()
