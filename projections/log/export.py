"""The log as a file, `daybook-export/1`: header, public keys, events with the checkpoints between them, end with a digest.

Read in pages, each on a connection of its own: whoever takes the lines slowly holds no snapshot open.
"""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from psycopg import AsyncConnection

from projections.kernel.reader import head_of
from projections.log.lines import FORMAT, Checkpoint, End, Event, Header, Key, encode
from projections.log.rows import page_of_rows

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]

# The incarnation that the log is in.
INCARNATION = "SELECT max(incarnation) FROM proofs.log"
# In the order in which they were made.
KEYS = "SELECT name, key_id, public FROM proofs.keys ORDER BY number"
# What was signed for the positions of a page.
CHECKPOINTS = "SELECT size, note FROM proofs.checkpoints WHERE size > %(after)s AND size <= %(upto)s ORDER BY size"
ED25519 = b"\x01"


async def exported(connect: Connect, *, log_name: str, page_events: int) -> AsyncIterator[tuple[bytes, int, int]]:
    """Blocks of whole lines, each with the last position in it and the last one that will come."""
    digest = hashlib.sha256()
    async with connect() as conn:
        head = await head_of(conn)
        block = await _opening(conn, log_name, head)
    position = events = 0
    digest.update(block)
    yield block, position, head
    while position < head:
        async with connect() as conn:
            page = await page_of_rows(conn, after=position, upto=head, limit=page_events)
            if not page:
                break
            notes = await _notes(conn, after=position, upto=page[-1].position)
        block = b"".join(_lines(page, notes))
        position, events = page[-1].position, events + len(page)
        digest.update(block)
        yield block, position, head
    yield encode(End(events, digest.hexdigest())) + b"\n", position, head


def vkey_of(name: str, key_id: bytes, public: bytes) -> str:
    """A public key in the C2SP note form."""
    return f"{name}+{key_id.hex()}+{b64encode(ED25519 + public).decode()}"


async def _opening(conn: AsyncConnection[Any], log_name: str, head: int) -> bytes:
    """Header and keys."""
    row = await (await conn.execute(INCARNATION)).fetchone()
    assert row is not None
    keys = await (await conn.execute(KEYS)).fetchall()
    header = Header(format=FORMAT, origin=f"{log_name}/{row[0]}", account=None, head=head)
    return b"".join(encode(line) + b"\n" for line in (header, *(Key(vkey_of(*key)) for key in keys)))


async def _notes(conn: AsyncConnection[Any], *, after: int, upto: int) -> dict[int, str]:
    rows = await (await conn.execute(CHECKPOINTS, {"after": after, "upto": upto})).fetchall()
    return dict(rows)


def _lines(page: list[Event], notes: dict[int, str]) -> list[bytes]:
    """Each event, and right after the one at whose position a checkpoint was signed that checkpoint."""
    lines: list[bytes] = []
    for event in page:
        lines += (encode(event), b"\n")
        if (note := notes.get(event.position)) is not None:
            lines += (encode(Checkpoint(note)), b"\n")
    return lines
