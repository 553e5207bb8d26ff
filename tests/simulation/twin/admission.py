"""Limits and the health of providers on the rows in memory: admit_v1, reserve_v1 and failed_v1 of 0023_parked.sql."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tests.simulation.twin.leasing import ALIVE
from tests.simulation.twin.rows import EVERYBODY, Health, Limited, Rows, Work

#: A second more than a lane's window covers the way to the provider.
MARGIN = 1


class Group(NamedTuple):
    """Held rows of one model and one account."""

    model: str
    account_id: UUID
    provider: str
    lane: str | None


def admit(rows: Rows, now: datetime, *, limit: int) -> int:
    """What is held becomes ready as far as each of its limits has room, best rank first."""
    held = [row for row in rows.work.values() if row.state == "held"]
    if not held:
        return 0
    served = {queue for card in rows.workers.values() if not card.draining and card.last_beat > now - ALIVE for queue in card.queues}
    groups = sorted({_group(rows, row) for row in held if row.queue in served and not rows.paused(row.queue)})
    rooms = {
        **{("model", g.model): _room_of_model(rows, g.model, limit) for g in groups},
        **{("account", str(g.account_id)): _room_of_account(rows, g.account_id, limit) for g in groups},
        **{("provider", g.provider): _room_of_provider(rows, g.provider, limit, now) for g in groups},
        **{("lane", g.lane): _room_of_lane(rows, g.lane, now) for g in groups if g.lane is not None},
    }
    candidates: list[tuple[Work, list[tuple[str, str]]]] = []
    for group in groups:
        keys = [("model", group.model), ("account", str(group.account_id)), ("provider", group.provider)]
        keys += [("lane", group.lane)] if group.lane is not None else []
        of_group = sorted((r for r in held if r.model == group.model and r.account_id == group.account_id), key=lambda row: row.rank)
        candidates += [(row, keys) for row in of_group[: max(0, min(rooms[key] for key in keys))]]
    candidates.sort(key=lambda each: (each[0].rank, each[0].generation_id))
    places: dict[tuple[str, str], int] = {}
    admitted = 0
    for row, keys in candidates:
        for key in keys:
            places[key] = places.get(key, 0) + 1
        # Places are numbered over all candidates, those included that another limit keeps.
        if all(places[key] <= rooms[key] for key in keys):
            rows.make_ready(row)
            row.submitted_at = None
            admitted += 1
    return admitted


def _group(rows: Rows, row: Work) -> Group:
    limit = rows.limits.get(("model", row.model))
    return Group(row.model, row.account_id, row.provider, limit.lane if limit else None)


def _taken(rows: Rows) -> Iterable[Work]:
    return (row for row in rows.work.values() if row.limited and row.state in ("ready", "leased", "parked"))


def _least(*numbers: int | None) -> int:
    """NULL does not count."""
    return min(number for number in numbers if number is not None)


def _left(most: int | None, running: int) -> int | None:
    return None if most is None else most - running


def _room_of_model(rows: Rows, model: str, batch: int) -> int:
    limit = rows.limits.get(("model", model))
    return _least(batch, _left(limit.most if limit else None, sum(row.model == model for row in _taken(rows))))


def _room_of_account(rows: Rows, account_id: UUID, batch: int) -> int:
    own, every = rows.limits.get(("account", str(account_id))), rows.limits.get(("account", EVERYBODY))
    most = own.most if own is not None and own.most is not None else every.most if every is not None else None
    return _least(batch, _left(most, sum(row.account_id == account_id for row in _taken(rows))))


def _room_of_provider(rows: Rows, provider: str, batch: int, now: datetime) -> int:
    limit, health = rows.limits.get(("provider", provider)), rows.providers.get(provider)
    running = [row for row in _taken(rows) if row.provider == provider]
    circuit = None
    if health is not None and health.open_until is not None:
        # When it has been open long enough one generation tries.
        circuit = 0 if health.open_until > now else 1 - sum(row.state != "parked" for row in running)
    return _least(batch, _left(limit.most if limit else None, len(running)), circuit)


def _room_of_lane(rows: Rows, lane: str, now: datetime) -> int:
    of_lane = [limit for (scope, _), limit in rows.limits.items() if limit.lane == lane]
    window = timedelta(seconds=max(limit.seconds or 0 for limit in of_lane) + MARGIN)
    used = sum(each == lane and at > now - window for each, at in rows.submits)
    coming = sum(
        row.state != "parked" and row.submitted_at is None
        for row in _taken(rows)
        if (limit := rows.limits.get(("model", row.model))) is not None and limit.lane == lane
    )
    return min(limit.submits or 0 for limit in of_lane) - used - coming


def reserve(rows: Rows, now: datetime, *, id: UUID, model: str) -> list[tuple[float]]:
    limit = rows.limits.get(("model", model))
    if limit is None or limit.lane is None or limit.submits is None or limit.seconds is None:
        return [(0.0,)]
    window = timedelta(seconds=limit.seconds + MARGIN)
    of_lane = sorted((at for lane, at in rows.submits if lane == limit.lane), reverse=True)
    moment = max(now, of_lane[limit.submits - 1] + window) if len(of_lane) >= limit.submits else now
    rows.submits = [(lane, at) for lane, at in [*rows.submits, (limit.lane, moment)] if lane != limit.lane or at >= now - window]
    if id in rows.work:
        rows.work[id].submitted_at = moment
    return [((moment - now).total_seconds(),)]


def failed(rows: Rows, now: datetime, *, provider: str, code: str, most: int, first: timedelta, longest: timedelta) -> list[tuple[bool]]:
    health = rows.providers.setdefault(provider, Health(0))
    health.failures, health.code, health.failed_at = health.failures + 1, code, now
    if health.failures < most or (health.open_until is not None and health.open_until > now):
        return [(False,)]
    health.open_until = now + min(longest, first * 2 ** min(health.opened, 16))
    health.opened += 1
    for row in rows.work.values():
        if row.provider == provider and row.state == "ready":
            row.state, row.limited = "held", True
    return [(True,)]


def succeeded(rows: Rows, now: datetime, *, provider: str) -> None:
    health = rows.providers.get(provider)
    if health is not None and health.failures > 0:
        health.failures, health.open_until, health.opened, health.succeeded_at = 0, None, 0, now


def failing(rows: Rows, now: datetime) -> list[tuple[str]]:
    return [(name,) for name, health in rows.providers.items() if health.failures > 0]


def forget_limits(rows: Rows, now: datetime, *, scopes: Sequence[str], names: Sequence[str]) -> None:
    wanted = set(zip(scopes, names, strict=True))
    for key in list(rows.limits):
        if (key[0] != "account" or key[1] == EVERYBODY) and key not in wanted:
            del rows.limits[key]


def write_limits(rows: Rows, now: datetime, *, scopes: Any, names: Any, most: Any, lanes: Any, submits: Any, seconds: Any) -> None:
    for scope, name, *values in zip(scopes, names, most, lanes, submits, seconds, strict=True):
        rows.limits[scope, name] = Limited(*values)


def concern(rows: Rows, now: datetime, *, limit: int) -> int:
    found = [row for row in rows.work.values() if not row.limited and rows.concerns(row.model, row.provider, row.account_id)][:limit]
    for row in found:
        row.limited = True
        row.state = "held" if row.state == "ready" else row.state
    return len(found)
