"""The schema `dispatch` in memory, and what an append changes in it: dispatch.change_work of 0026_operators.sql with the
clocks of 0032_queue_clock.sql."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from domain.generations.kinds.table import KINDS

OPEN, REQUEUE, CANCEL, CLOSE, PARK, LIMIT, PAUSE, RESUME, DRAIN, REROUTE = range(10)
#: A high row overtakes fifty turns.
SHIFT = 50
#: Claims look no further behind the clock than this; whatever becomes ready is brought at least so near to it.
LOWEST, FRONT = 150, 100
EVERYBODY = "*"


@dataclass(slots=True)
class Work:
    """A row of dispatch.work."""

    generation_id: UUID
    account_id: UUID
    queue: str
    model: str
    provider: str
    priority: int
    turn: int
    rank: int
    state: str
    run_at: datetime | None
    start_deadline: datetime | None
    deadline: datetime
    created_at: datetime
    limited: bool
    started: bool = False
    lease_owner: UUID | None = None
    lease_until: datetime | None = None
    claims: int = 0
    deaths: int = 0
    isolate: bool = False
    cancel_requested: bool = False
    poll_at: datetime | None = None
    polls: int = 0
    submitted_at: datetime | None = None

    def unlease(self) -> None:
        self.lease_owner = self.lease_until = None


@dataclass(slots=True)
class Card:
    """A row of dispatch.workers."""

    queues: list[str]
    slots: int
    running: int
    last_beat: datetime
    draining: bool = False


@dataclass(slots=True)
class Limited:
    """A row of dispatch.limits."""

    most: int | None
    lane: str | None = None
    submits: int | None = None
    seconds: int | None = None


@dataclass(slots=True)
class Health:
    """A row of dispatch.providers."""

    failures: int
    code: str | None = None
    failed_at: datetime | None = None
    succeeded_at: datetime | None = None
    open_until: datetime | None = None
    opened: int = 0


@dataclass
class Rows:
    """All tables. Rows of work stand in the order of their insertion."""

    work: dict[UUID, Work] = field(default_factory=dict)
    #: Queue -> whether it is paused, and since when that is so.
    queues: dict[str, tuple[bool, datetime]] = field(default_factory=dict)
    workers: dict[UUID, Card] = field(default_factory=dict)
    limits: dict[tuple[str, str], Limited] = field(default_factory=dict)
    submits: list[tuple[str, datetime]] = field(default_factory=list)
    providers: dict[str, Health] = field(default_factory=dict)
    #: Queue -> the highest turn ever begun. Other queues have no clock.
    clocks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def move_clock(self, queue: str, turn: int) -> None:
        if queue in self.clocks:
            self.clocks[queue] = max(turn, self.clocks[queue])

    def claimable(self, row: Work) -> bool:
        """Ready, and where claims look."""
        return row.state == "ready" and (row.queue not in self.clocks or row.rank >= self.clocks[row.queue] - LOWEST)

    def make_ready(self, row: Work) -> None:
        if row.state != "ready":
            self.lift(row)
        row.state = "ready"

    def lift(self, row: Work) -> None:
        """To the front of the line, if it stands before that."""
        if row.queue in self.clocks:
            row.rank = max(row.rank, self.clocks[row.queue] - FRONT)

    def paused(self, queue: str) -> bool:
        return self.queues.get(queue, (False, None))[0]

    def concerns(self, model: str, provider: str, account_id: UUID) -> bool:
        """Whether a limit, or an open circuit, has a say in it."""
        if not self.limits and not self.providers:
            return False
        health = self.providers.get(provider)
        return (
            ("model", model) in self.limits
            or ("provider", provider) in self.limits
            or ("account", str(account_id)) in self.limits
            or ("account", EVERYBODY) in self.limits
            or (health is not None and health.open_until is not None)
        )

    def check_changes(self, changes: Sequence[tuple[Any, ...]]) -> None:
        """Raises psycopg.Error where a constraint of the tables would."""
        opened: set[UUID] = set()
        for _, op, generation, account, queue, model, provider, priority, _, _, deadline in changes:
            if op == OPEN:
                if None in (generation, account, queue, model, provider, priority, deadline):
                    raise psycopg.errors.NotNullViolation("a work row is not whole")
                if not -1 <= priority <= 1:
                    raise psycopg.errors.CheckViolation("work_priority_check")
                if generation in self.work or generation in opened:
                    raise psycopg.errors.UniqueViolation("work_pkey")
                opened.add(generation)
            elif op == REROUTE and None in (model, provider):
                raise psycopg.errors.NotNullViolation("a work row is not whole")

    def change_work(self, recorded: datetime, changes: Sequence[tuple[Any, ...]]) -> None:
        """*changes* are of commands that are done. Kinds of change one after another, as the SQL makes them."""
        if not changes:
            return
        by_op: dict[int, list[tuple[Any, ...]]] = {}
        for change in changes:
            by_op.setdefault(change[1], []).append(change)
        for change in by_op.get(REROUTE, ()):
            self._reroute(change)
        if OPEN in by_op:
            self._open(recorded, by_op[OPEN])
        for op, act in ((REQUEUE, self._requeue), (CANCEL, self._cancel), (CLOSE, self._close), (PARK, self._park)):
            for change in by_op.get(op, ()):
                act(recorded, change)
        self._limit(by_op.get(LIMIT, ()))
        for change in changes:
            if change[1] == PAUSE:
                self._pause(change[4], recorded)
            elif change[1] == RESUME:
                self._resume(change[4], recorded)
            elif change[1] == DRAIN and change[2] in self.workers:
                self.workers[change[2]].draining = True

    def _open(self, recorded: datetime, changes: Sequence[tuple[Any, ...]]) -> None:
        # Turns are counted on the table as it was before the batch; its own rows come on top.
        before = list(self.work.values())
        counts: dict[tuple[str, UUID], int] = {}
        clocks = {queue: self._clock(before, queue) for queue in {change[4] for change in changes}}
        for _, _, generation, account, queue, model, provider, priority, run_at, start_deadline, deadline in changes:
            counts[queue, account] = counts.get((queue, account), 0) + 1
            turn = counts[queue, account] + max(clocks[queue], self._last_turn(before, queue, account))
            limited = self.concerns(model, provider, account)
            state = "waiting" if run_at is not None and run_at > recorded else "held" if limited else "ready"
            self.work[generation] = Work(
                *(generation, account, queue, model, provider, priority, turn, turn - SHIFT * priority),
                *(state, run_at, start_deadline, deadline, recorded, limited),
            )

    def _clock(self, rows: Sequence[Work], queue: str) -> int:
        """Without a clock the highest turn that is being worked on has the time; when nothing is, the next in line."""
        if queue in self.clocks:
            return self.clocks[queue]
        begun = [row.turn for row in rows if row.queue == queue and row.state in ("leased", "parked")]
        if begun:
            return max(begun)
        ready = [row for row in rows if row.queue == queue and row.state == "ready"]
        return max(0, min(ready, key=lambda row: row.rank).turn - 1) if ready else 0

    def _last_turn(self, rows: Sequence[Work], queue: str, account: UUID) -> int:
        return max((row.turn for row in rows if row.queue == queue and row.account_id == account), default=0)

    def _requeue(self, recorded: datetime, change: tuple[Any, ...]) -> None:
        row = self.work.get(change[2])
        if row is None:
            return
        run_at = change[8]
        limited = row.limited or self.concerns(row.model, row.provider, row.account_id)
        if run_at is not None and run_at > recorded:
            row.state = "waiting"
        elif limited:
            row.state = "held"
        else:
            self.make_ready(row)
        row.limited, row.run_at, row.poll_at, row.submitted_at = limited, run_at, None, None
        row.unlease()

    def _cancel(self, recorded: datetime, change: tuple[Any, ...]) -> None:
        row = self.work.get(change[2])
        if row is not None:
            row.cancel_requested = True
            # What is parked is looked at now, so that its provider hears of it.
            row.poll_at = recorded if row.state == "parked" else None

    def _close(self, recorded: datetime, change: tuple[Any, ...]) -> None:
        self.work.pop(change[2], None)

    def _park(self, recorded: datetime, change: tuple[Any, ...]) -> None:
        row = self.work.get(change[2])
        if row is None:
            return
        wanted = row.deadline if change[8] is None else min(change[8], row.deadline)
        row.state, row.poll_at = "parked", recorded if row.cancel_requested else wanted
        row.polls, row.run_at, row.started = 0, None, True
        row.unlease()

    def _limit(self, changes: Sequence[tuple[Any, ...]]) -> None:
        for change in changes:
            self.limits.pop(("account", str(change[2])), None)
        for change in changes:
            if change[7] is not None:
                self.limits["account", str(change[2])] = Limited(change[7])

    def _reroute(self, change: tuple[Any, ...]) -> None:
        row = self.work.get(change[2])
        if row is not None:
            row.model, row.provider, row.limited = change[5], change[6], False

    def _pause(self, queue: str, at: datetime) -> None:
        if not self.paused(queue):
            self.queues[queue] = (True, at)

    def _resume(self, queue: str, at: datetime) -> None:
        paused, since = self.queues.get(queue, (False, at))
        if not paused:
            return
        self.queues[queue] = (False, at)
        for row in self.work.values():
            if row.queue == queue and row.start_deadline is not None and not row.started and row.start_deadline > since:
                row.start_deadline += at - max(since, row.created_at)
