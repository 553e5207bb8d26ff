"""The notary: takes the log's events into the tree, and signs what it then is.

It reads what is committed and writes into a schema of its own, so the writer of the log never waits for it. Any number of
notaries may work at once: the size of the tree moves by compare-and-set, and equal trees have equal notes.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from domain.notary.ports import WrappedKeyLost, Wrapping
from projections.notary import checkpoints
from projections.notary.checkpoint import Checkpoint, NoteInvalid, signed, verified
from projections.notary.checkpoints import CheckpointRow
from projections.notary.keys import public_keys, signing_key
from projections.notary.leaf import leaf, rows
from projections.notary.nodes import NodesLost, growth_at, hashes_of, keep
from projections.notary.refusals import CheckpointForged, LogAltered, LogShrunk, SigningKeyLost
from projections.notary.remaking import remake
from projections.notary.tree import Growth, consistency, extends

PAGE_EVENTS = 1_000

# How large the tree is, where the log ends, how far the last checkpoint reaches: three probes of an index.
STATE = """
    SELECT t.size, coalesce((SELECT position FROM journal.events ORDER BY position DESC LIMIT 1), 0),
           coalesce((SELECT size FROM proofs.checkpoints ORDER BY size DESC LIMIT 1), 0), t.refusal IS NOT NULL
    FROM proofs.tree t
"""
# Compare-and-set: who finds another size has been overtaken and writes nothing.
GROW = "UPDATE proofs.tree SET size = %(to)s WHERE size = %(after)s"
# Whoever signs holds the tree still; only notaries ever ask for this row.
HOLD = "SELECT size FROM proofs.tree WHERE size = %(size)s FOR UPDATE"
# A refusal outlives the process: whoever comes next must look at the whole log before it signs.
SAY = "UPDATE proofs.tree SET refusal = %(refusal)s WHERE refusal IS DISTINCT FROM %(refusal)s"


class State(NamedTuple):
    """`size`: events in the tree; `head`: events in the log; `sealed`: events that the last checkpoint covers."""

    size: int
    head: int
    sealed: int
    #: A notary has refused to sign since the last time that the whole log was found good.
    refused: bool


class Overtaken(Exception):
    """Another notary was faster. Nothing was changed here."""


#: Told (done, of) now and then.
Progress = Callable[[int, int], None]
#: The last checkpoint of this incarnation that is remembered outside the database, None when there is none.
Remembered = Callable[[AsyncConnection[Any]], Awaitable[Checkpoint | None]]


class LogEmpty(Exception):
    """There is nothing to sign yet."""

    def __init__(self) -> None:
        super().__init__("the log is empty: there is nothing to sign yet")


class Notary:
    """`name` is the log's name, under which the first key is made. `remembered` is asked once, before the first signature."""

    def __init__(self, wrapping: Wrapping, *, name: str, remembered: Remembered) -> None:
        self.name = name
        self._wrapping = wrapping
        self._remembered: Remembered | None = remembered
        self._growth = Growth()

    async def state(self, conn: AsyncConnection[Any]) -> State:
        row = await (await conn.execute(STATE)).fetchone()
        assert row is not None, "the migration has made the row"
        return State(*row)

    async def take(self, conn: AsyncConnection[Any], state: State) -> int:
        """Take the next page of events into the tree. Returns how many; 0 when another notary took them.

        Raises NotaryRefuses.
        """
        await self._check(conn, state)
        to = min(state.head, state.size + PAGE_EVENTS)
        grown = await self._at(conn, state.size)
        found = await rows(conn, after=state.size, upto=to)
        if len(found) < to - state.size:
            raise LogAltered(after=state.size, size=to)
        complete = [each for row in found for each in grown.append(leaf(row))]
        async with conn.transaction():
            if (await conn.execute(GROW, {"after": state.size, "to": to})).rowcount == 0:
                return 0
            await keep(conn, complete)
        self._growth = grown
        return len(found)

    async def seal(self, conn: AsyncConnection[Any]) -> CheckpointRow:
        """Sign the tree as it is; the last checkpoint, when that covers it already.

        Raises NotaryRefuses, Overtaken, and StoreUnavailable when nobody can say what is remembered.
        """
        state = await self.state(conn)
        await self._check(conn, state)
        if self._remembered is not None:
            await self._check_remembered(conn, await self._remembered(conn))
            self._remembered = None
            state = await self.state(conn)
        last = await checkpoints.latest(conn)
        if last is not None and last.size >= state.size:
            return last
        grown = await self._extending(conn, last, state.size)
        async with conn.transaction():
            still = await (await conn.execute(HOLD, {"size": grown.size})).fetchone()
            if still is None or await checkpoints.latest(conn) != last:
                raise Overtaken
            return await self._sign(conn, grown)

    async def now(self, conn: AsyncConnection[Any], progress: Progress = lambda done, of: None) -> CheckpointRow:
        """Take everything that is in the log, and sign it.   Raises NotaryRefuses, StoreUnavailable, LogEmpty."""
        upto = (await self.state(conn)).head
        if upto == 0:
            raise LogEmpty
        while True:
            while (state := await self.state(conn)).size < upto:
                await self.take(conn, state)
                progress(state.size, upto)
            with suppress(Overtaken):
                return await self.seal(conn)

    async def mend(self, conn: AsyncConnection[Any], progress: Progress = lambda done, of: None) -> None:
        """Make the tree again from the log.   Raises NotaryRefuses when that does not lead to what was signed."""
        self._growth = Growth()
        state = await self.state(conn)
        _check_sizes(state)
        await remake(conn, upto=max(state.size, state.sealed), progress=progress)
        await self.say(conn, None)

    async def say(self, conn: AsyncConnection[Any], refusal: str | None) -> None:
        """Keep why nothing is signed; None: everything is well."""
        await conn.execute(SAY, {"refusal": refusal})

    async def _at(self, conn: AsyncConnection[Any], size: int) -> Growth:
        """A copy of the tree of *size* leaves, remembered or loaded."""
        if self._growth.size != size:
            self._growth = await self._loaded(conn, size)
        return Growth(size, list(self._growth.peaks().values()))

    async def _loaded(self, conn: AsyncConnection[Any], size: int) -> Growth:
        """Raises NotaryRefuses when the tree was lost and the log does not give it back."""
        try:
            return await growth_at(conn, size)
        except NodesLost:
            await self.mend(conn)
            return await growth_at(conn, size)

    async def _check(self, conn: AsyncConnection[Any], state: State) -> None:
        """Raises NotaryRefuses."""
        _check_sizes(state)
        if state.refused:
            await self.mend(conn)

    async def _extending(self, conn: AsyncConnection[Any], last: CheckpointRow | None, size: int) -> Growth:
        """The tree of *size* leaves, which begins with the one that was signed last.   Raises NotaryRefuses."""
        grown = await self._at(conn, size)
        if last is None:
            return grown
        await self._check_own(conn, last)
        if not await self._extends(conn, last, grown):
            # Either the stored tree was damaged, which the log mends, or the log was altered, which nothing mends.
            await self.mend(conn)
            grown = await self._at(conn, size)
            if not await self._extends(conn, last, grown):
                raise LogAltered(after=0, size=last.size)
        return grown

    async def _check_remembered(self, conn: AsyncConnection[Any], remembered: Checkpoint | None) -> None:
        """A backup knows nothing of what was signed after it.   Raises LogShrunk, LogAltered."""
        if remembered is None:
            return
        while (state := await self.state(conn)).size < remembered.size:
            if state.head < remembered.size:
                raise LogShrunk(head=state.head, size=remembered.size, where="the object store")
            await self.take(conn, state)
        grown = await self._at(conn, state.size)
        if not await self._extends(conn, remembered, grown):
            await self.mend(conn)
            if not await self._extends(conn, remembered, await self._at(conn, state.size)):
                raise LogAltered(after=0, size=remembered.size)

    async def _extends(self, conn: AsyncConnection[Any], last: CheckpointRow | Checkpoint, grown: Growth) -> bool:
        try:
            path = await hashes_of(conn, consistency(last.size, grown.size))
        except NodesLost:
            return False
        return extends(last.size, grown.size, old_root=last.root, new_root=grown.root, path=path)

    async def _check_own(self, conn: AsyncConnection[Any], last: CheckpointRow) -> None:
        """Raises CheckpointForged when the last checkpoint is not one that we signed."""
        try:
            said = verified(last.note, await public_keys(conn))
        except NoteInvalid as error:
            raise CheckpointForged(size=last.size, why=str(error)) from error
        if said != Checkpoint(last.origin, last.size, last.root):
            raise CheckpointForged(size=last.size, why="the note says something else than the row")

    async def _sign(self, conn: AsyncConnection[Any], grown: Growth) -> CheckpointRow:
        try:
            key = await signing_key(conn, self._wrapping, self.name)
        except WrappedKeyLost as error:
            raise SigningKeyLost(str(error)) from error
        head = Checkpoint(f"{key.name}/{await checkpoints.incarnation(conn)}", grown.size, grown.root)
        note = signed(head, key.name, key.private)
        await checkpoints.add(conn, size=head.size, root=head.root, origin=head.origin, note=note)
        made = await checkpoints.latest(conn)
        assert made is not None, "just written"
        return made


def _check_sizes(state: State) -> None:
    """Raises LogShrunk when the log has fewer events than the tree, or than a checkpoint."""
    if state.head < max(state.size, state.sealed):
        raise LogShrunk(head=state.head, size=max(state.size, state.sealed), where="the database")
