"""A transaction pooler in miniature: one server connection for all clients, given to one transaction at a time.

It speaks just enough of the protocol: clients are let in without a password, and simple queries are passed on.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

READY = b"Z\x00\x00\x00\x05"


class Pooler:
    """Each client's query runs on whichever of *servers* is free; one in a transaction keeps its server."""

    def __init__(self, servers: list[psycopg.Connection]) -> None:
        self._free = servers

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except asyncio.IncompleteReadError:
            return  # The client left without a word.
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack(">i", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        version = b"server_version\x0018.0\x00"
        writer.write(b"R" + struct.pack(">ii", 8, 0) + b"S" + struct.pack(">i", 4 + len(version)) + version + READY + b"I")
        mine: psycopg.Connection | None = None
        while True:
            kind = await reader.readexactly(1)
            (length,) = struct.unpack(">i", await reader.readexactly(4))
            body = await reader.readexactly(length - 4)
            if kind == b"X":
                return
            if kind == b"Q":
                mine = mine or self._free.pop(0)
                query = body.rstrip(b"\x00")
                writer.write(await asyncio.to_thread(_answer, mine, query))
                idle = mine.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
                writer.write(READY + (b"I" if idle else b"T"))
                if idle:
                    self._free.insert(0, mine)
                    mine = None


def _answer(server: psycopg.Connection, query: bytes) -> bytes:
    """One row with one text column, or none."""
    cursor = server.execute(query)
    done = b"C" + struct.pack(">i", 4 + len(b"OK\x00")) + b"OK\x00"
    row = cursor.fetchone() if cursor.description else None
    if row is None:
        return done
    value = str(row[0]).encode()
    field = b"v\x00" + struct.pack(">ihihih", 0, 0, 23, 4, -1, 0)
    described = b"T" + struct.pack(">ih", 6 + len(field), 1) + field
    return described + b"D" + struct.pack(">ihi", 10 + len(value), 1, len(value)) + value + done


@asynccontextmanager
async def pooled(dsn: str, folder: Path) -> AsyncIterator[str]:
    """The address of a pooler in *folder* before the server of *dsn*, with two server connections."""
    servers = [psycopg.connect(dsn, autocommit=True) for _ in range(2)]
    server = await asyncio.start_unix_server(Pooler(servers).serve, str(folder / ".s.PGSQL.5432"))
    try:
        yield f"postgresql://x@/x?host={folder}"
    finally:
        server.close()
        for connection in servers:
            connection.close()
