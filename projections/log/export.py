"""The log as a file, `daybook-export/1`: header, public keys, events with the checkpoints between them, end with a digest.

Read in pages, each on a connection of its own: whoever takes the lines slowly holds no snapshot open. The digest in the last
line also shows that nothing is missing: a file without it was cut.
"""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from projections.kernel.reader import head_of
from projections.log.lines import FORMAT, Checkpoint, End, Event, Header, Key, Line, encode
from projections.log.rows import page_of_rows
from projections.notary.checkpoints import incarnation
from projections.notary.keys import public_keys
from projections.notary.nodes import known
from projections.notary.proof_refusals import TreeIncomplete
from projections.notary.tree import hashed, inclusion, nodes_of

RETRY_AFTER_SECONDS = 5
Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]

# What was signed for the positions of a page.
CHECKPOINTS = "SELECT size, note FROM proofs.checkpoints WHERE size > %(after)s AND size <= %(upto)s ORDER BY size"
# The newest that covers nothing beyond the export.
NEWEST = "SELECT size, note FROM proofs.checkpoints WHERE size <= %(upto)s ORDER BY size DESC LIMIT 1"


class Block(NamedTuple):
    """Whole lines. The last position in them, and the last that there will be."""

    lines: bytes
    position: int
    head: int


class Scope(NamedTuple):
    """What is exported: up to `head`, all of it or one account's. `sealed`: how much the account's checkpoint covers, 0: there is none."""

    head: int
    account_id: str | None
    sealed: int = 0


async def exported(connect: Connect, *, log_name: str, page_events: int, account_id: str | None = None) -> AsyncIterator[Block]:
    """The file, block by block.   Raises TreeIncomplete, when an account's paths cannot be made because the tree is being remade."""
    digest = hashlib.sha256()
    async with connect() as conn:
        opening, scope = await _opening(conn, log_name, account_id)
    lines = _written(opening)
    digest.update(lines)
    yield Block(lines, 0, scope.head)
    events, after = 0, 0
    while True:
        async with connect() as conn:
            page = await page_of_rows(conn, after=after, upto=scope.head, limit=page_events, account_id=account_id)
            if not page:
                break
            body = await (_of_log if account_id is None else _of_account)(conn, page, after, scope)
        lines = _written(body)
        after, events = page[-1].position, events + len(page)
        digest.update(lines)
        yield Block(lines, after, scope.head)
    yield Block(_written([End(events, digest.hexdigest())]), scope.head, scope.head)


async def _opening(conn: AsyncConnection[Any], log_name: str, account_id: str | None) -> tuple[list[Line], Scope]:
    """Header and keys; before the events of one account also the checkpoint that all of its paths lead to."""
    head = await head_of(conn)
    keys = await public_keys(conn)
    # Checkpoints bear the name of the key that signs them.
    origin = f"{keys[-1].name if keys else log_name}/{await incarnation(conn)}"
    lines: list[Line] = [Header(format=FORMAT, origin=origin, account=account_id, head=head)]
    lines += [Key(key.vkey) for key in keys]
    row = None
    if account_id is not None:
        row = await (await conn.execute(NEWEST, {"upto": head})).fetchone()
    if row is None:
        return lines, Scope(head, account_id)
    return [*lines, Checkpoint(row[1])], Scope(head, account_id, sealed=row[0])


async def _of_log(conn: AsyncConnection[Any], page: Sequence[Event], after: int, scope: Scope) -> list[Line]:
    """Each event, and right after the one at whose position a checkpoint was signed that checkpoint."""
    found = await (await conn.execute(CHECKPOINTS, {"after": after, "upto": page[-1].position})).fetchall()
    notes: Mapping[int, str] = dict(found)
    if not notes:
        return list(page)
    lines: list[Line] = []
    for event in page:
        lines.append(event)
        if (note := notes.get(event.position)) is not None:
            lines.append(Checkpoint(note))
    return lines


async def _of_account(conn: AsyncConnection[Any], page: Sequence[Event], after: int, scope: Scope) -> list[Line]:
    """Each event with its way to the checkpoint's root; None for what is newer."""
    paths = {event.position: inclusion(event.position - 1, scope.sealed) for event in page if event.position <= scope.sealed}
    nodes = await known(conn, nodes_of([span for path in paths.values() for span in path]))
    for event in page:
        path = paths.get(event.position)
        try:
            event.path = None if path is None else [b64encode(digest).decode() for digest in hashed(path, nodes)]
        except KeyError as error:
            raise TreeIncomplete(retry_after=RETRY_AFTER_SECONDS) from error
    return list(page)


def _written(lines: Sequence[Line]) -> bytes:
    return b"".join([encode(line) + b"\n" for line in lines])
