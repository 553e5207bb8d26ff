"""The writer: one per process. Everything that waits becomes one round, one round one statement, one statement one commit.

The cycle: take what waits, read the tails newer than the cache in one query (unless this process was alone with the log
a moment ago), decide in order, append. While a round is on its way to the disk the next one is already decided, on the
state the first will leave; if the first does not land as decided, the second is decided again. When it lands the second is
sent before those of the first are answered: what they do with their answers takes longer than all else here.
"""

import asyncio
import logging
import time
from uuid import UUID

import psycopg

from domain.kernel.journal_refusals import OutcomeUnknown
from domain.kernel.limits import WRITER_BATCH_MAX
from domain.kernel.refusals import Unavailable
from infra.journal import receipts
from infra.journal.append import REPEATED, arguments
from infra.journal.backlog import Backlog
from infra.journal.contest import AppendRefused, decide_under_lock
from infra.journal.contested import Contested
from infra.journal.flight import OUTCOME_SECONDS, Landed, Lost, send
from infra.journal.link import STATEMENT_SECONDS, Link, is_lost
from infra.journal.meters import Meters
from infra.journal.pending import Pending, Round
from infra.journal.prepare import Preparer
from infra.journal.settle import failed_streams, place, settle, troubled
from infra.journal.snapshotter import Snapshotter
from infra.journal.undo import undone

#: What is decided under the lock keeps all other processes waiting.
LOCKED_BATCH_MAX = 64
#: While a round is in flight the next is begun only when so many wait: deciding for few makes small batches.
EARLY_BATCH = 16
#: So much longer a busy writer waits for more in company, where a round costs all that write a look and a turn with the lock.
GATHER_SECONDS = 0.002
PAUSE_SECONDS = 0.1
#: SQLSTATE classes: a deadlock or serialisation failure; no disk, memory or connections, or a read-only server.
TRANSIENT = "40"
NO_RESOURCES = ("25", "53", "54", "58")


logger = logging.getLogger(__name__)


class DatabaseAway(Unavailable):
    detail = "The database takes nothing at the moment, and nothing was recorded. Try again in {retry_after} s."


class Writer:
    """Takes commands from *backlog* until it is stopped. `main` appends; `side` reads ahead, and decides under the lock."""

    def __init__(self, *, main: Link, side: Link, backlog: Backlog, preparer: Preparer, snapshotter: Snapshotter, meters: Meters) -> None:
        self._main = main
        self._side = side
        self._backlog = backlog
        self._preparer = preparer
        self._snapshotter = snapshotter
        self._meters = meters
        self._stopping = False
        #: Whether the round in flight landed as decided.
        self._flight: asyncio.Future[bool] | None = None
        self._flying: Round | None = None
        #: Tasks of rounds whose callers are not all answered.
        self._answering: set[asyncio.Task[None]] = set()
        #: Streams of the last round that did not land as decided.
        self._astray: set[UUID] = set()
        #: The size of the last batch.
        self._taken = 0
        self._contested = Contested()
        self._away_since: float | None = None

    def settled(self, stream: UUID) -> bool:
        """Whether the cached aggregate of *stream*, if there is one, is what the log holds."""
        flying, deciding = self._flying, self._preparer.deciding
        return (flying is None or stream.int not in flying.touched) and (deciding is None or stream.int not in deciding.touched)

    def stop(self) -> None:
        """What waits is still decided; `run` ends after it."""
        self._stopping = True
        self._backlog.wake()

    async def run(self) -> None:
        while not self._stopping or len(self._backlog):
            await self._backlog.wait(self._early() if self._flying else 1)
            if self._gathers():
                await asyncio.sleep(GATHER_SECONDS)
            self._meters.queue_depth(len(self._backlog))
            batch = self._backlog.take(self._limit())
            self._taken = len(batch)
            try:
                if batch:
                    await self._serve(batch)
            except Exception as defect:  # The writer serves everybody: its own defect is the answer of one batch.
                logger.exception("the writer failed on a batch of %d", len(batch))
                self._preparer.cache.clear()
                for pending in batch:
                    pending.fail(defect)
        await self._land()
        await asyncio.gather(*self._answering)

    def _gathers(self) -> bool:
        """Whether the last batch says that more will come at once."""
        return self._taken >= EARLY_BATCH and self._preparer.accompanied and not self._flying and len(self._backlog) < WRITER_BATCH_MAX

    def _early(self) -> int:
        """So many must wait before the next round is decided while one is in flight.

        In company every round begins with a look, at what others append meanwhile too: then one large round costs all sides less than two.
        """
        return WRITER_BATCH_MAX if self._preparer.accompanied else EARLY_BATCH

    def _limit(self) -> int:
        """With nothing in flight half is sent at once, so that the other half is decided while the database works."""
        if self._flying or self._preparer.accompanied:
            return WRITER_BATCH_MAX
        return max(EARLY_BATCH, min(WRITER_BATCH_MAX, len(self._backlog) // 2))

    async def _serve(self, batch: list[Pending]) -> None:
        hot, calm = self._contested.split(batch)
        if hot or self._flying is None or self._flying.torn:
            # Nothing to overlap with. A round that has ended is let go, whatever became of it.
            await self._land()
        self._backlog.put_back(hot[LOCKED_BATCH_MAX:])
        for serve, part in ((self._contest, hot[:LOCKED_BATCH_MAX]), (self._launch, calm)):
            try:
                if part:
                    await serve(part)
                    self._away_since = None
            except (psycopg.Error, OSError) as error:
                await self._unreachable(part, error)

    async def _launch(self, batch: list[Pending]) -> None:
        in_flight = self._flying.touched.keys() if self._flying else ()
        round_ = self._preparer.foresee(batch, in_flight)
        if round_ is None:
            async with self._side.limited(STATEMENT_SECONDS) as connection:
                round_ = await self._preparer.prepare(connection, batch, in_flight)
        if round_ is None:
            self._backlog.put_back(batch)
            await self._land()
            return
        self._snapshotter.take(round_)
        self._backlog.put_back(round_.left)
        if self._flying and (entries := round_.entries()):
            round_.packed = arguments(entries)
        landed = await self._land()
        self._preparer.deciding = None
        if not landed:
            # Part of it may have been decided on facts that did not land.
            self._undo(round_)
            if not round_.items:
                return
        self._flying = round_
        self._flight = asyncio.get_running_loop().create_future()
        flight = asyncio.create_task(self._fly(round_, self._flight))
        self._answering.add(flight)
        flight.add_done_callback(self._answering.discard)
        # It is sent before the next one is decided: the database works meanwhile.
        await asyncio.sleep(0)

    async def _land(self) -> bool:
        """Wait for the round in flight. Returns whether it landed as decided."""
        flight, self._flight = self._flight, None
        return flight is None or await flight

    async def _fly(self, round_: Round, flight: "asyncio.Future[bool]") -> None:
        """Send *round_*, tell *flight* whether it landed as decided, answer everybody."""
        as_decided = False
        try:
            landed = await send(self._main, round_, self._meters)
            self._place(round_, landed)
            if not troubled(landed.appended):
                self._landed(round_, flight, as_decided=True)
                # The writer sends the next round in one step of the loop, and is heard in the other.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            as_decided = await self._finish(round_, landed)
        except Lost:
            self._give_up(round_)
        except (psycopg.Error, OSError) as error:
            self._refused(round_, error)
        except Exception as defect:
            logger.exception("the writer failed on a round of %d", len(round_.items))
            self._astray = _streams(round_)
            self._preparer.cache.clear()
            for item in round_.items:
                item.pending.fail(defect)
        finally:
            self._landed(round_, flight, as_decided=as_decided)

    def _landed(self, round_: Round, flight: "asyncio.Future[bool]", *, as_decided: bool) -> None:
        if not flight.done():
            flight.set_result(as_decided)
        if self._flying is round_:
            self._flying = None
            self._backlog.wake()

    async def _contest(self, batch: list[Pending]) -> None:
        try:
            decided = await decide_under_lock(self._side, self._main, self._preparer, batch, self._meters)
            if decided is None:
                self._backlog.put_back(batch)
                return
            self._contested.renew(self._preparer.overtaken)
            self._snapshotter.take(decided[0])
            self._backlog.put_back(decided[0].left)
            self._place(*decided)
            await self._finish(*decided)
        except AppendRefused as refused:
            if refused.round is None:
                raise refused.error from refused
            self._refused(refused.round, refused.error)
        except Lost as lost:
            self._give_up(lost.round)
        except (psycopg.Error, OSError):
            # The connection went in the middle: whether what was decided is in the log is found out when it is decided again.
            if self._preparer.deciding is not None:
                self._drop(_streams(self._preparer.deciding))
            raise
        finally:
            self._preparer.deciding = None

    def _place(self, round_: Round, landed: Landed) -> None:
        """At once, before others look at what *round_* left: without its positions it is neither what the log had nor what it has."""
        place(round_, landed.appended)
        if not troubled(landed.appended):
            self._snapshotter.keep(round_)

    async def _finish(self, round_: Round, landed: Landed) -> bool:
        """Answer everybody. Returns whether the round is in the log as it was decided."""
        appended = landed.appended
        failed = troubled(appended)
        if failed:
            # Before anything is waited for, which may fail: the cache differs from the log.
            self._preparer.company()
            self._drop(failed_streams(round_, appended))
        repeats = {}
        if appended and REPEATED in (appended.outcomes or ()):
            repeats = await receipts.known(await self._main.get(), [item.pending.context.command_id for item in round_.items])
        self._backlog.put_back(settle(round_, appended, repeats, resent=landed.resent))
        return not failed

    def _undo(self, round_: Round) -> None:
        taken_back, lost = undone(round_, self._astray)
        self._preparer.cache.drop(lost)
        self._backlog.put_back([item.pending for item in taken_back])

    def _drop(self, streams: set[UUID]) -> None:
        """Forget what is ahead of the log, and that the round decided meanwhile may have been decided on it."""
        self._astray = streams
        self._preparer.cache.drop(streams)

    def _give_up(self, round_: Round) -> None:
        """Nobody knows whether the round is in the log; an old backend may still be waiting for the lock."""
        self._drop(_streams(round_))
        for item in round_.items:
            command_id = str(item.pending.context.command_id)
            item.pending.fail(OutcomeUnknown(command_id=command_id, retry_after=5))

    def _refused(self, round_: Round, error: Exception) -> None:
        """The server took nothing of the round. One bad command is found by halves and fails alone."""
        self._drop(_streams(round_))
        pendings = [item.pending for item in round_.items]
        state = getattr(error, "sqlstate", None) or ""
        lost = isinstance(error, OSError) or (isinstance(error, psycopg.Error) and is_lost(error))
        if lost or state.startswith(TRANSIENT):
            # Lost: it is in the log, but its receipts could not be read. Decided again, its commands are found to be repeats.
            self._backlog.put_back(pendings)
        elif state.startswith(NO_RESOURCES):
            for pending in pendings:
                pending.fail(DatabaseAway(retry_after=5))
        elif len(pendings) == 1:
            pendings[0].fail(error)
        else:
            half = len(pendings) // 2
            self._backlog.put_back_apart([pendings[:half], pendings[half:]])

    async def _unreachable(self, batch: list[Pending], error: Exception) -> None:
        """Nothing was decided. Wait for the server, but not for ever."""
        await self._side.close()
        if isinstance(error, psycopg.Error) and not is_lost(error):
            # The server answers, but not this: no use in waiting.
            logger.error("the journal cannot be read: %s", error)
            for pending in batch:
                pending.fail(error)
            return
        now = time.monotonic()
        self._away_since = self._away_since or now
        if now - self._away_since < OUTCOME_SECONDS:
            self._backlog.put_back(batch)
            await asyncio.sleep(PAUSE_SECONDS)
            return
        for pending in batch:
            pending.fail(DatabaseAway(retry_after=5))


def _streams(round_: Round) -> set[UUID]:
    return {guard.stream for item in round_.items for guard in item.guards}
