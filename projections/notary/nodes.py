"""The stored tree: complete subtrees of sixteen leaves and more. Smaller ones are made again from sixteen rows of the log.

Kept from the first level on, the tree would cost two rows an event; so it costs one row in eight events.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection

from projections.notary.leaf import leaf, rows
from projections.notary.tree import Growth, Node, Span, complete_in, hashed, nodes_of

BLOCK_LEVEL = 4
BLOCK_LEAVES = 1 << BLOCK_LEVEL

# A few probes of the primary key.
FIND = """
    SELECT n.level, n.index, n.hash FROM unnest(%(levels)s::smallint[], %(indexes)s::bigint[]) w (level, index)
    JOIN proofs.nodes n ON n.level = w.level AND n.index = w.index
"""
# What was damaged is mended; what is right is not written again.
KEEP = """
    INSERT INTO proofs.nodes (level, index, hash)
    SELECT * FROM unnest(%(levels)s::smallint[], %(indexes)s::bigint[], %(hashes)s::bytea[])
    ON CONFLICT (level, index) DO UPDATE SET hash = EXCLUDED.hash WHERE nodes.hash <> EXCLUDED.hash
"""


class NodesLost(Exception):
    """A part of the stored tree is gone. It can be made again from the log."""


async def growth_at(conn: AsyncConnection[Any], size: int) -> Growth:
    """The tree of the first *size* events, ready to grow.   Raises NodesLost."""
    return Growth(size, await _all(conn, complete_in(Span(0, size))))


async def hashes_of(conn: AsyncConnection[Any], spans: Sequence[Span]) -> list[bytes]:
    """The hashes of *spans* of the log's tree.   Raises NodesLost."""
    try:
        return hashed(spans, await known(conn, nodes_of(spans)))
    except KeyError as error:
        raise NodesLost(f"the tree has lost {error}") from error


async def known(conn: AsyncConnection[Any], wanted: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of *wanted*, as far as they are there; small subtrees beside them for nothing."""
    wanted = set(wanted)
    found: dict[Node, bytes] = {}
    if kept := [node for node in wanted if node.level >= BLOCK_LEVEL]:
        params = {"levels": [node.level for node in kept], "indexes": [node.number for node in kept]}
        for level, index, digest in await (await conn.execute(FIND, params)).fetchall():
            found[Node(level, index)] = bytes(digest)
    for block in {node.number >> (BLOCK_LEVEL - node.level) for node in wanted if node.level < BLOCK_LEVEL}:
        found |= await block_of(conn, block)
    return found


async def block_of(conn: AsyncConnection[Any], block: int) -> dict[Node, bytes]:
    """All subtrees below and with the block's own, made from the log."""
    first, small = block * BLOCK_LEAVES, Growth()
    made: dict[Node, bytes] = {}
    for row in await rows(conn, after=first, upto=first + BLOCK_LEAVES):
        for node, digest in small.append(leaf(row)):
            made[Node(node.level, node.number + (first >> node.level))] = digest
    return made


async def keep(conn: AsyncConnection[Any], nodes: Sequence[tuple[Node, bytes]]) -> None:
    """Store those of *nodes* that are large enough."""
    large = [(node, digest) for node, digest in nodes if node.level >= BLOCK_LEVEL]
    if large:
        levels, indexes = [node.level for node, _ in large], [node.number for node, _ in large]
        await conn.execute(KEEP, {"levels": levels, "indexes": indexes, "hashes": [digest for _, digest in large]})


async def _all(conn: AsyncConnection[Any], wanted: Sequence[Node]) -> list[bytes]:
    found = await known(conn, wanted)
    try:
        return [found[node] for node in wanted]
    except KeyError as error:
        raise NodesLost(f"the tree has lost {error}") from error
