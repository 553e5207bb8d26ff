"""A proxy between the processes and PostgreSQL, in a thread of its own, so that it answers whatever we wait for."""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from tests.journal.proxy import Proxy


@contextmanager
def between(database_url: str) -> Iterator[tuple[Proxy, str]]:
    """The proxy, and the address of the database through it. *database_url* names the server by the directory of its socket."""
    address = urlsplit(database_url)
    query = parse_qs(address.query)
    name = f".s.PGSQL.{query['port'][0]}"
    # A short path: a socket's name has room for about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="dbk"))
    proxy = Proxy(Path(query["host"][0]) / name)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_unix_server(proxy.serve, str(folder / name)), loop).result(10)
    try:
        yield proxy, address._replace(query=f"host={quote(str(folder), safe='')}&port={query['port'][0]}").geturl()
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, proxy), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        shutil.rmtree(folder)


async def _close(server: asyncio.Server, proxy: Proxy) -> None:
    server.close()
    proxy.cut_all()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
