"""A proxy before PostgreSQL that loses what a test tells it to lose: an answer, or the way to the server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import psycopg

#: How the append's answer ends on the wire: one row, and the transaction is in the log.
APPENDED = b"SELECT 1\x00"
COMMITTED = b"COMMIT\x00"


class Proxy:
    """Forwards bytes between clients and the server's socket.

    `cut_after`: the next answer with these bytes to a client of the name `victim` is swallowed and its connection cut.
    `struck` is called at that moment: what the answer told of is in the log, and nobody has been told.
    `closed`: new connections are refused, as by a server that is away.
    """

    def __init__(self, server: Path) -> None:
        self._server = server
        self.cut_after: bytes | None = None
        self.victim = "daybook journal"
        self.struck: Callable[[], None] = lambda: None
        self.cuts = 0
        self.stay_away_after_cut = False
        self.closed = False
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.closed:
            writer.close()
            return
        hello = await reader.read(65536)
        server_reader, server_writer = await asyncio.open_unix_connection(str(self._server))
        server_writer.write(hello)
        self._writers |= {writer, server_writer}
        try:
            await asyncio.gather(self._pump(reader, server_writer, b""), self._pump(server_reader, writer, hello))
        finally:
            self._writers -= {writer, server_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: bytes) -> None:
        # The other side is closed whatever ends this one: a session that nobody reads would stay with the server, and if it
        # listens, the server would wait for it.
        with closing(writer), suppress(ConnectionError):
            while data := await reader.read(65536):
                if self.cut_after is not None and self.cut_after in data and self._is_victim(hello):
                    self.cut_after = None
                    self.cuts += 1
                    self.struck()
                    self.closed = self.stay_away_after_cut
                    if self.closed:
                        self.cut_all()
                    break
                writer.write(data)
                await writer.drain()

    def _is_victim(self, hello: bytes) -> bool:
        """Whether the client that said *hello* goes by the victim's name."""
        return f"application_name\x00{self.victim}\x00".encode() in hello

    def cut_all(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def proxied(dsn: str, folder: Path) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in *folder* before the server of *dsn*, and the address of the database through it."""
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    name = f".s.PGSQL.{parts.get('port', 5432)}"
    proxy = Proxy(Path(str(parts["host"])) / name)
    server = await asyncio.start_unix_server(proxy.serve, str(folder / name))
    try:
        yield proxy, psycopg.conninfo.make_conninfo(dsn, host=str(folder))
    finally:
        server.close()
        proxy.cut_all()
