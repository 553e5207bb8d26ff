"""Every statement that the twin knows, by the text that the adapters send: what stands here is what runs without PostgreSQL."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from infra.dispatch import board, claims, due, health, leases, limits, parked, queues
from infra.journal import reads, receipts, snapshotter
from tests.simulation.twin import admission, leasing
from tests.simulation.twin.log import Log
from tests.simulation.twin.rows import Rows


class Result(NamedTuple):
    """What a statement answers."""

    rows: list[tuple[Any, ...]]
    changed: int


Statement = Callable[[Log, Rows, datetime, Mapping[str, Any]], Any]


def _on_rows(act: Callable[..., Any]) -> Statement:
    return lambda log, rows, now, values: act(rows, now, **values)


def _one(found: Any) -> list[tuple[Any, ...]]:
    return [] if found is None else [(found,)]


#: Text -> what it does: gives rows, or how many it changed, or nothing.
STATEMENTS: Mapping[str, Statement] = {
    board.FORGET: _on_rows(leasing.forget_workers),
    board.GROUPS: _on_rows(leasing.groups),
    board.LIFT: _on_rows(leasing.lift),
    board.NOW: lambda log, rows, now, values: [(now,)],
    board.PROMOTE: _on_rows(leasing.promote),
    board.READY: _on_rows(leasing.ready),
    board.REAP: _on_rows(leasing.reap),
    claims.CLAIM: _on_rows(leasing.claim),
    claims.COUNT_DEATH: _on_rows(leasing.count_death),
    claims.DROP: _on_rows(leasing.drop),
    claims.ISOLATE: _on_rows(leasing.isolate),
    claims.RELEASE: _on_rows(leasing.release),
    due.EXPIRED: _on_rows(leasing.expired),
    due.GRANTS: lambda log, rows, now, values: log.expiring_grants(values["after"], now, values["limit"]),
    due.HEAD: lambda log, rows, now, values: [(log.head,)],
    due.SCHEDULED: _on_rows(leasing.scheduled),
    health.FAILED: _on_rows(admission.failed),
    health.FAILING: _on_rows(admission.failing),
    health.SUCCEEDED: _on_rows(admission.succeeded),
    leases.BEAT: _on_rows(leasing.beat),
    leases.LEAVE: _on_rows(leasing.leave),
    leases.LOOK: _on_rows(leasing.look),
    leases.RENEW: _on_rows(leasing.renew),
    limits.ADMIT: lambda log, rows, now, values: [(admission.admit(rows, now, **values),)],
    limits.CONCERN: _on_rows(admission.concern),
    limits.FORGET: _on_rows(admission.forget_limits),
    limits.RESERVE: _on_rows(admission.reserve),
    limits.WRITE: _on_rows(admission.write_limits),
    parked.CLAIM: _on_rows(leasing.claim_parked),
    parked.DROP: _on_rows(leasing.drop_parked),
    parked.KEEP: _on_rows(leasing.keep),
    parked.LOOK_AGAIN: _on_rows(leasing.look_again),
    parked.WAKE: _on_rows(leasing.wake),
    queues.POSITION: _on_rows(leasing.position),
    reads.CLAIM: lambda log, rows, now, values: _one(log.claims.get(values["claim"])),
    reads.EVENTS_UNTIL: lambda log, rows, now, values: log.events_until(values["stream"], values["version"], values["until"]),
    reads.HEAD: lambda log, rows, now, values: _one(log.head or None),
    reads.LAST_OF_ACCOUNT: lambda log, rows, now, values: [(e.position,) for e in log.of_account(values["account_id"])[-1:]],
    reads.OF_ACCOUNT: lambda log, rows, now, values: [
        e.row for e in log.of_account(values["account_id"]) if e.position > values["after"] and e.topic in values["topics"]
    ][: values["limit"]],
    reads.PAGE: lambda log, rows, now, values: [event.row for event in log.page(values["after"], values["limit"])],
    reads.PAGE_OF_FEATURES: lambda log, rows, now, values: [
        event.row for event in log.page_of_features(values["after"], values["limit"], values["features"])
    ],
    reads.SNAPSHOT_UNTIL: lambda log, rows, now, values: log.snapshot_until(
        values["stream"], values["until"], values["kind"], values["shape"]
    ),
    reads.STREAM: lambda log, rows, now, values: [event.row for event in log.streams.get(values["stream"], ())],
    reads.VERSION: lambda log, rows, now, values: _one(log.version(values["stream"])),
    receipts.KNOWN: lambda log, rows, now, values: log.known(values["ids"]),
    snapshotter.INSERT: lambda log, rows, now, values: log.keep_snapshot(**values),
}


class UnknownStatement(AssertionError):
    """The adapters send something that the twin does not know: teach it, and the contract tests with it."""


def run(log: Log, rows: Rows, now: datetime, query: str, values: Mapping[str, Any]) -> Result:
    """One statement, whole.   Raises UnknownStatement."""
    statement = STATEMENTS.get(query)
    if statement is None:
        raise UnknownStatement(query)
    found = statement(log, rows, now, values)
    if isinstance(found, list):
        return Result(found, len(found))
    return Result([], found or 0)
