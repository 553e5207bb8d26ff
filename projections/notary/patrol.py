"""Reads the whole log again, a piece at a time, and compares it with the tree: what was altered is found without being asked for."""

from typing import Any

from psycopg import AsyncConnection

from projections.notary.leaf import leaf, rows
from projections.notary.nodes import BLOCK_LEVEL, known
from projections.notary.notary import Notary, State
from projections.notary.tree import Growth, Node

LEVEL = 10
EVENTS = 1 << LEVEL


class Patrol:
    """Begins at the first event and, when it has come to the end of what is signed, again."""

    def __init__(self, notary: Notary) -> None:
        self._notary = notary
        self._next = 0

    async def step(self, conn: AsyncConnection[Any], state: State) -> None:
        """The next piece. A damaged tree is mended.   Raises NotaryRefuses when the log was altered."""
        if self._next * EVENTS >= state.sealed:
            self._next = 0
        first = self._next * EVENTS
        if await self._differs(conn, first, min(state.sealed, first + EVENTS)):
            await self._notary.mend(conn)
        self._next += 1

    async def _differs(self, conn: AsyncConnection[Any], first: int, end: int) -> bool:
        """Whether the stored nodes over the leaves from *first* on, as far as the piece completes them, are others than the log gives."""
        growth = Growth()
        made = {
            Node(node.level, node.number + (first >> node.level)): digest
            for row in await rows(conn, after=first, upto=end)
            for node, digest in growth.append(leaf(row))
            if node.level >= BLOCK_LEVEL
        }
        return growth.size < end - first or await known(conn, made) != made
