"""Claims, leases, the board and parked jobs on the rows in memory: what the statements of `infra/dispatch` do."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.simulation.twin.rows import Card, Rows, Work

#: Three beats may be missed.
ALIVE = timedelta(seconds=7)
FORGOTTEN = timedelta(seconds=60)
LATE = timedelta(seconds=10)


def claim(rows: Rows, now: datetime, *, owner: UUID, queues: Sequence[str], limit: int, lease: timedelta) -> list[tuple[Any, ...]]:
    best: list[Work] = []
    for queue in queues:
        if not rows.paused(queue):
            ready = (row for row in rows.work.values() if row.queue == queue and rows.claimable(row))
            best += sorted(ready, key=lambda row: row.rank)[: limit - len(best)]
    for row in best:
        row.state, row.lease_owner, row.lease_until, row.started = "leased", owner, now + lease, True
        row.claims += 1
        rows.move_clock(row.queue, row.turn)
    return [(row.generation_id, row.account_id, row.claims, row.deaths, row.isolate) for row in best]


def of_owner(rows: Rows, owner: UUID, ids: Sequence[UUID]) -> list[Work]:
    return [row for each in ids if (row := rows.work.get(each)) is not None and row.lease_owner == owner]


def release(rows: Rows, now: datetime, *, owner: UUID, ids: Sequence[UUID]) -> int:
    found = of_owner(rows, owner, ids)
    for row in found:
        rows.make_ready(row)
        row.started = row.claims > 1
        row.claims -= 1
        row.unlease()
    return len(found)


def isolate(rows: Rows, now: datetime, *, owner: UUID, id: UUID) -> None:
    for row in of_owner(rows, owner, [id]):
        row.isolate = True


def count_death(rows: Rows, now: datetime, *, owner: UUID, id: UUID) -> list[tuple[int]]:
    found = of_owner(rows, owner, [id])
    for row in found:
        row.deaths += 1
        row.isolate = True
    return [(row.deaths,) for row in found]


def drop(rows: Rows, now: datetime, *, owner: UUID, id: UUID) -> None:
    for row in of_owner(rows, owner, [id]):
        del rows.work[row.generation_id]


def look(rows: Rows, now: datetime, *, owner: UUID, ids: Sequence[UUID]) -> list[tuple[UUID, bool]]:
    return [(row.generation_id, row.cancel_requested) for row in of_owner(rows, owner, ids)]


def renew(rows: Rows, now: datetime, *, owner: UUID, ids: Sequence[UUID], lease: timedelta) -> None:
    for row in of_owner(rows, owner, ids):
        row.lease_until = now + lease


def beat(rows: Rows, now: datetime, *, worker: UUID, host: str, pid: int, queues: list[str], slots: int, running: int) -> list[tuple[bool]]:
    card = rows.workers.setdefault(worker, Card(queues, slots, running, now))
    card.last_beat, card.running = now, running
    return [(card.draining,)]


def leave(rows: Rows, now: datetime, *, worker: UUID) -> None:
    rows.workers.pop(worker, None)


def groups(rows: Rows, now: datetime) -> list[tuple[list[str], int]]:
    counts: dict[tuple[str, ...], int] = {}
    for card in rows.workers.values():
        if not card.draining and card.last_beat > now - ALIVE:
            counts[tuple(card.queues)] = counts.get(tuple(card.queues), 0) + 1
    return [(list(queues), count) for queues, count in sorted(counts.items())]


def ready(rows: Rows, now: datetime, *, queues: Sequence[str], limit: int) -> list[tuple[int]]:
    count = sum(rows.claimable(row) and row.queue in queues and not rows.paused(row.queue) for row in rows.work.values())
    return [(min(limit, count),)]


def promote(rows: Rows, now: datetime, *, limit: int) -> int:
    due = [row for row in rows.work.values() if row.state == "waiting" and row.started and row.run_at is not None and row.run_at <= now]
    due = sorted(due, key=lambda row: row.run_at or now)[:limit]
    for row in due:
        row.limited = row.limited or rows.concerns(row.model, row.provider, row.account_id)
        if row.limited:
            row.state = "held"
        else:
            rows.make_ready(row)
    return len(due)


def reap(rows: Rows, now: datetime, *, limit: int, since: datetime | None) -> list[tuple[UUID]]:
    lapsed = [row for row in rows.work.values() if row.state == "leased" and row.lease_until is not None and row.lease_until < now]
    lapsed = [row for row in lapsed if since is None or (row.lease_until is not None and row.lease_until >= since)]
    lapsed = sorted(lapsed, key=lambda row: row.lease_until or now)[:limit]
    for row in lapsed:
        rows.make_ready(row)
        row.isolate = True
        row.unlease()
    return [(row.generation_id,) for row in lapsed]


def lift(rows: Rows, now: datetime, *, queues: Sequence[str], limit: int) -> list[tuple[int]]:
    found = [row for row in rows.work.values() if row.queue in queues and row.state == "ready" and not rows.claimable(row)][:limit]
    for row in found:
        rows.lift(row)
    return [(len(found),)]


def forget_workers(rows: Rows, now: datetime) -> None:
    for worker in [worker for worker, card in rows.workers.items() if card.last_beat < now - FORGOTTEN]:
        del rows.workers[worker]


def scheduled(rows: Rows, now: datetime, *, limit: int) -> list[tuple[UUID]]:
    due = [row for row in rows.work.values() if row.state == "waiting" and not row.started and row.run_at is not None and row.run_at <= now]
    return [(row.generation_id,) for row in sorted(due, key=lambda row: row.run_at or now)[:limit]]


def expired(rows: Rows, now: datetime, *, limit: int) -> list[tuple[UUID, UUID, str]]:
    found = []
    for row in rows.work.values():
        first = min(row.start_deadline or row.deadline, row.deadline)
        late = LATE if row.state in ("leased", "parked") else timedelta()
        if first <= now and (row.deadline <= now - late or (not row.started and not rows.paused(row.queue))):
            found.append((first, row))
    found.sort(key=lambda each: each[0])
    return [(row.generation_id, row.account_id, "deadline" if row.deadline <= now else "start_deadline") for _, row in found[:limit]]


def claim_parked(rows: Rows, now: datetime, *, queues: Sequence[str], limit: int, lease: timedelta) -> list[tuple[Any, ...]]:
    due = [
        row
        for row in rows.work.values()
        if row.state == "parked" and row.queue in queues and row.poll_at is not None and row.poll_at <= now
    ]
    due = sorted(due, key=lambda row: row.poll_at or now)[:limit]
    for row in due:
        row.poll_at = now + lease
        row.polls += 1
    return [(row.generation_id, row.account_id, row.polls, row.cancel_requested, row.poll_at) for row in due]


def still_ours(rows: Rows, ids: Sequence[UUID], until: Sequence[datetime]) -> list[tuple[int, Work]]:
    """Parked rows whose time is the one that we wrote, with their place among *ids*."""
    pairs = [(place, rows.work.get(each)) for place, each in enumerate(ids)]
    return [(place, row) for place, row in pairs if row is not None and row.state == "parked" and row.poll_at == until[place]]


def keep(rows: Rows, now: datetime, *, ids: Sequence[UUID], until: Sequence[datetime], lease: timedelta) -> list[tuple[UUID, datetime]]:
    kept = []
    for _, row in still_ours(rows, ids, until):
        row.poll_at = now + lease
        kept.append((row.generation_id, row.poll_at))
    return kept


def look_again(rows: Rows, now: datetime, *, ids: Sequence[UUID], until: Sequence[datetime], pauses: Sequence[timedelta]) -> None:
    for place, row in still_ours(rows, ids, until):
        row.poll_at = min(row.deadline, now + pauses[place])


def wake(rows: Rows, now: datetime, *, id: UUID) -> int:
    row = rows.work.get(id)
    if row is None or row.state != "parked":
        return 0
    row.poll_at = now
    return 1


def drop_parked(rows: Rows, now: datetime, *, id: UUID) -> None:
    row = rows.work.get(id)
    if row is not None and row.state == "parked":
        del rows.work[id]


def position(rows: Rows, now: datetime, *, id: UUID) -> list[tuple[int]]:
    row = rows.work.get(id)
    if row is None or row.state != "ready":
        return []
    return [(1 + sum(rows.claimable(other) and other.queue == row.queue and other.rank < row.rank for other in rows.work.values()),)]
