"""Makes the stored tree again from the log, from its first event on, and compares it with every checkpoint on the way."""

from collections.abc import Callable
from typing import Any

from psycopg import AsyncConnection

from projections.notary.checkpoints import CheckpointRow, page
from projections.notary.leaf import leaf, rows
from projections.notary.nodes import keep
from projections.notary.refusals import LogAltered
from projections.notary.tree import Growth, Node

PAGE_EVENTS = 1_000
PAGE_CHECKPOINTS = 500

# The tree is at least as large as what was made again; who made more meanwhile made the same.
REACH = "UPDATE proofs.tree SET size = greatest(size, %(size)s)"


async def remake(conn: AsyncConnection[Any], *, upto: int, progress: Callable[[int, int], None] = lambda done, of: None) -> None:
    """Write every node that is missing or wrong, for the events up to position *upto*.

    Nothing is written that a checkpoint contradicts: the nodes below one wait until its root is reached.
    Raises LogAltered: then the tree up to the checkpoint before is good, and the rest is left as it was.
    """
    growth, after = Growth(), 0
    while marks := await page(conn, after=after, limit=PAGE_CHECKPOINTS):
        for mark in marks:
            await _reach(conn, growth, mark)
            after = mark.size
            progress(after, upto)
    while growth.size < upto:
        await keep(conn, await _grow(conn, growth, min(upto, growth.size + PAGE_EVENTS)))
        progress(growth.size, upto)
    await conn.execute(REACH, {"size": growth.size})


async def _reach(conn: AsyncConnection[Any], growth: Growth, mark: CheckpointRow) -> None:
    """From the checkpoint before to *mark*."""
    after, made = growth.size, list[tuple[Node, bytes]]()
    while growth.size < mark.size:
        made += await _grow(conn, growth, min(mark.size, growth.size + PAGE_EVENTS))
    if growth.root != mark.root:
        raise LogAltered(after=after, size=mark.size)
    await keep(conn, made)


async def _grow(conn: AsyncConnection[Any], growth: Growth, to: int) -> list[tuple[Node, bytes]]:
    """The subtrees that the events up to position *to* complete.   Raises LogAltered when one of them is missing."""
    after = growth.size
    found = await rows(conn, after=after, upto=to)
    if len(found) < to - after:
        raise LogAltered(after=after, size=to)
    return [complete for row in found for complete in growth.append(leaf(row))]
