"""From waiting commands to a decided round: look at what the database knows, then decide."""

import time
from collections.abc import Collection, Container, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from domain.kernel.commands import Need
from domain.kernel.journal_refusals import ClockSkew
from domain.ports import Clock
from infra.journal import receipts
from infra.journal.cache import Cache
from infra.journal.decide import decide
from infra.journal.mapper import CanonicalMapper
from infra.journal.pending import Pending, Round
from infra.journal.settle import answer_known
from infra.journal.tails import Row, Tails, fold, read_tails

SKEW_SECONDS_MAX = 5.0
#: So long after a look at the log nobody else is expected to have written, unless somebody has done so lately.
ALONE_SECONDS = 0.25
COMPANY_SECONDS = 1.0


class Preparer:
    """Owns the cache. `skew_seconds` is how far the database's clock was ahead of this process's when last seen."""

    def __init__(self, cache: Cache, mapper: CanonicalMapper, clock: Clock) -> None:
        self.cache = cache
        self.skew_seconds = 0.0
        #: The streams that other processes had written when the last batch was prepared.
        self.overtaken: set[UUID] = set()
        #: The round decided last, until the writer has taken it over: the cache is ahead of the log by it.
        self.deciding: Round | None = None
        self._mapper = mapper
        self._clock = clock
        self._alone_until = 0.0
        self._company_until = 0.0

    def foresee(self, batch: Sequence[Pending], in_flight: Container[int]) -> Round | None:
        """The round decided on what is known already, or None when the log must be looked at first.

        The append finds out what was overtaken, and which ids were used. What it does not carry, refusals above all, nobody would check:
        it is left to be decided after a look.
        """
        if time.monotonic() >= self._alone_until or not all(map(self._known, batch)):
            return None
        round_ = self.deciding = decide(batch, self.cache, self._mapper, {})
        unsure = [item.pending for item in round_.items if not item.sent]
        for pending in unsure:
            pending.look = True
        round_.items = [item for item in round_.items if item.sent]
        round_.left = unsure + round_.left
        self.cache.trim(in_flight, round_.touched)
        return round_

    @property
    def accompanied(self) -> bool:
        """Whether somebody else has written lately what is decided here."""
        return time.monotonic() < self._company_until

    def company(self) -> None:
        """Somebody else writes what is decided here: for a while nothing is decided without a look."""
        self._alone_until = 0.0
        self._company_until = time.monotonic() + COMPANY_SECONDS

    async def prepare(
        self, connection: Any, batch: Sequence[Pending], in_flight: Container[int], *, before: Sequence[str] = ()
    ) -> Round | None:
        """The decided round, or None when the streams moved under it and nothing was decided. *before*: statements to begin with.

        *in_flight* has the numbers of the streams of the round before, which the database may not have yet. Commands whose id was used
        are answered at once: deciding them again could refuse what was done. Raises psycopg.Error.
        """
        epoch = self.cache.epoch
        needs = {need.id.int: need for pending in batch for need in pending.needs}
        tails = await read_tails(connection, self._wanted(needs.values()), [pending.context.command_id for pending in batch], before=before)
        repeats = await receipts.known(connection, tails.used) if tails.used else {}
        if self.cache.epoch != epoch or any(row.stream.int in in_flight for row in tails.rows):
            return None
        if not self._clocks_agree(batch, tails):
            return Round()
        for need in needs.values():
            self.cache.recall(need.id)
        by_stream = _by_stream(tails.rows)
        self.overtaken = {rows[0].stream for rows in by_stream.values()}
        if any(self.cache.peek(stream) for stream in self.overtaken):
            self.company()
        elif not self.accompanied:
            self._alone_until = time.monotonic() + ALONE_SECONDS
        broken = self._apply(by_stream, needs)
        fresh = batch
        if repeats:
            fresh = [pending for pending in batch if pending.context.command_id not in repeats]
            for pending in batch:
                if pending.context.command_id in repeats:
                    answer_known(pending, repeats[pending.context.command_id])
        round_ = self.deciding = decide(fresh, self.cache, self._mapper, broken)
        self.cache.trim(in_flight, round_.touched)
        return round_

    def remember(self, needs: Collection[Need], rows: Sequence[Row]) -> None:
        """Keep what *rows* say of the streams of *needs*, read from their beginnings. What cannot be read is not kept."""
        by_stream = _by_stream(rows)
        for need in needs:
            # While they were read the writer may have decided on the stream: then it knows more.
            if need.id.int in by_stream and self.cache.peek(need.id) is None:
                with suppress(Exception):
                    found = fold(None, need.kind, by_stream[need.id.int], self._mapper)
                    if found is not None:
                        self.cache.put_new(found)

    def _known(self, pending: Pending) -> bool:
        return not pending.look and not pending.refused and all(self.cache.get(need.id) for need in pending.needs)

    def _wanted(self, needs: Collection[Need]) -> list[tuple[Need, int]]:
        return [(need, self.cache.version(need.id)) for need in needs]

    def _apply(self, by_stream: dict[int, list[Row]], needs: dict[int, Need]) -> dict[UUID, Exception]:
        """Bring the cache to the log's end. Returns the streams that cannot be read, and why."""
        broken: dict[UUID, Exception] = {}
        for number, news in by_stream.items():
            stream = news[0].stream
            known = self.cache.get(stream)
            if known is not None and news[0].version <= known.version:
                # It was remembered while the log was looked at.
                news = [row for row in news if row.version > known.version]
            try:
                found = fold(known, needs[number].kind, news, self._mapper)
            except Exception as error:  # noqa: BLE001 Whatever makes one stream unreadable is the answer to its commands alone.
                broken[stream] = error
                self.cache.forget([stream])
                continue
            if found is not None:
                self.cache.put(found)
        return broken

    def _clocks_agree(self, batch: Sequence[Pending], tails: Tails) -> bool:
        """Leases and recorded times are the database's, decisions are made on ours: apart, nothing is decided."""
        self.skew_seconds = (tails.clock - self._clock.now()).total_seconds()
        if abs(self.skew_seconds) <= SKEW_SECONDS_MAX:
            return True
        for pending in batch:
            pending.fail(ClockSkew(seconds=round(abs(self.skew_seconds), 1), retry_after=5))
        return False


def _by_stream(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """By the numbers of the streams. A stream's rows come in its order."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.stream.int, []).append(row)
    return found
