"""A round as the arguments of journal.append_v1, and its answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.kernel.commands import (
    CancelWork,
    CloseWork,
    Context,
    Decision,
    DrainWork,
    LimitWork,
    OpenWork,
    ParkWork,
    PauseWork,
    RequeueWork,
    RerouteWork,
    Work,
)
from domain.kernel.facts import Postings
from infra.postgres.arrays import blobs, encoded_texts, int2s, int4s, int8s, texts, times, uuids
from infra.postgres.prepared import Statement

DONE, REPEATED, CONFLICT, TAKEN = range(4)

# One statement, one commit: see 0008_append.sql.
APPEND = """
    SELECT first_position, recorded, lock_wait_ms, outcomes, details FROM journal.append_v1(
        %(c_id)s, %(c_account)s, %(c_actor)s, %(c_correlation)s, %(c_causation)s, %(c_fingerprint)s, %(c_status)s, %(c_result)s,
        %(g_command)s, %(g_stream)s, %(g_version)s, %(g_prior)s,
        %(e_command)s, %(e_stream)s, %(e_version)s, %(e_topic)s, %(e_state)s,
        %(e_available)s, %(e_held)s, %(e_owed)s, %(e_outside)s, %(e_book)s,
        %(t_command)s, %(t_claim)s, %(t_stream)s,
        %(w_command)s, %(w_op)s, %(w_generation)s, %(w_account)s, %(w_queue)s, %(w_model)s,
        %(w_provider)s, %(w_priority)s, %(w_run_at)s, %(w_start_deadline)s, %(w_deadline)s
    )
"""
PREPARED = Statement("daybook_append", APPEND)

_ENCODER = msgspec.json.Encoder(order="sorted")


class Appended(NamedTuple):
    """The answer. `outcomes` and `details` are None when every command is done."""

    first_position: int
    recorded_at: datetime
    lock_wait_ms: float
    outcomes: list[int] | None
    details: list[int | None] | None

    @property
    def conflicts(self) -> int:
        return (self.outcomes or []).count(CONFLICT)


class Guard(NamedTuple):
    """A stream as it was seen. `prior`: the number of the command of this round that wrote it last, 0 for none."""

    stream: UUID
    version: int
    prior: int


class Line(NamedTuple):
    """One event, ready for the log."""

    stream: UUID
    version: int
    topic: str
    state: bytes
    postings: Postings | None


class Entry(NamedTuple):
    """One command of a batch."""

    context: Context
    decision: Decision
    guards: Sequence[Guard]
    lines: Sequence[Line]


def arguments(entries: Sequence[Entry]) -> dict[str, Any]:
    """The arguments for *entries*, in order. They can be sent any number of times."""
    return {**_commands(entries), **_guards(entries), **_events(entries), **_claims(entries), **_work(entries)}


def _commands(entries: Sequence[Entry]) -> dict[str, Any]:
    contexts = [entry.context for entry in entries]
    results = [entry.decision.result for entry in entries]
    return {
        "c_id": uuids([context.command_id for context in contexts]),
        "c_account": uuids([entry.decision.account_id for entry in entries]),
        "c_actor": texts([context.actor for context in contexts]),
        "c_correlation": encoded_texts([context.correlation.encode() for context in contexts]),
        "c_causation": int8s([context.causation for context in contexts]),
        "c_fingerprint": blobs([context.fingerprint for context in contexts]),
        "c_status": int2s([context.status for context in contexts]),
        "c_result": encoded_texts([_ENCODER.encode(result) if result else None for result in results]),
    }


def _guards(entries: Sequence[Entry]) -> dict[str, Any]:
    guards = [(number, guard) for number, entry in enumerate(entries, 1) for guard in entry.guards]
    return {
        "g_command": int4s([number for number, _ in guards]),
        "g_stream": uuids([guard.stream for _, guard in guards]),
        "g_version": int4s([guard.version for _, guard in guards]),
        "g_prior": int4s([guard.prior for _, guard in guards]),
    }


def _events(entries: Sequence[Entry]) -> dict[str, Any]:
    lines = [line for entry in entries for line in entry.lines]
    postings = [line.postings or _NO_POSTINGS for line in lines]
    return {
        "e_command": int4s([number for number, entry in enumerate(entries, 1) for _ in entry.lines]),
        "e_stream": uuids([line.stream for line in lines]),
        "e_version": int4s([line.version for line in lines]),
        "e_topic": texts([line.topic for line in lines]),
        "e_state": blobs([line.state for line in lines]),
        "e_available": int8s([posting[0] for posting in postings]),
        "e_held": int8s([posting[1] for posting in postings]),
        "e_owed": int8s([posting[2] for posting in postings]),
        "e_outside": int8s([posting[3] for posting in postings]),
        "e_book": texts([posting[4] for posting in postings]),
    }


def _claims(entries: Sequence[Entry]) -> dict[str, Any]:
    claims: list[tuple[int, str, UUID | None]] = []
    for number, entry in enumerate(entries, 1):
        # What a command frees, it may take again.
        claims += [(number, claim, None) for claim in entry.decision.freed]
        claims += [(number, claim, stream) for claim, stream in entry.decision.taken]
    return {
        "t_command": int4s([number for number, _, _ in claims]),
        "t_claim": texts([claim for _, claim, _ in claims]),
        "t_stream": uuids([stream for _, _, stream in claims]),
    }


_NO_POSTINGS = (None, None, None, None, None)
_OPERATIONS: dict[type[Any], int] = {
    OpenWork: 0,
    RequeueWork: 1,
    CancelWork: 2,
    CloseWork: 3,
    ParkWork: 4,
    LimitWork: 5,
    DrainWork: 8,
    RerouteWork: 9,
}


_ROUTED = (OpenWork, RerouteWork)


def _operation_of(work: Work) -> int:
    if isinstance(work, PauseWork):
        return 6 if work.paused else 7
    return _OPERATIONS[type(work)]


def _subject_of(work: Work) -> UUID | None:
    """The generation, the worker or the account."""
    if isinstance(work, PauseWork):
        return None
    if isinstance(work, LimitWork):
        return work.account_id
    return work.worker if isinstance(work, DrainWork) else work.generation_id


def _queue_of(work: Work) -> str | None:
    return work.queue if isinstance(work, (OpenWork, PauseWork)) else None


def _number_of(work: Work) -> int | None:
    if isinstance(work, OpenWork):
        return work.priority
    return work.most if isinstance(work, LimitWork) else None


def _time_of(work: Work) -> datetime | None:
    """When it is to be taken up."""
    if isinstance(work, (OpenWork, RequeueWork)):
        return work.run_at
    return work.poll_at if isinstance(work, ParkWork) else None


def _work(entries: Sequence[Entry]) -> dict[str, Any]:
    work: list[tuple[int, Work]] = [(number, each) for number, entry in enumerate(entries, 1) for each in entry.decision.work]
    opened = [each if isinstance(each, OpenWork) else None for _, each in work]
    return {
        "w_command": int4s([number for number, _ in work]),
        "w_op": int2s([_operation_of(each) for _, each in work]),
        "w_generation": uuids([_subject_of(each) for _, each in work]),
        "w_account": uuids([each.account_id if each else None for each in opened]),
        "w_queue": texts([_queue_of(each) for _, each in work]),
        "w_model": texts([each.model if isinstance(each, _ROUTED) else None for _, each in work]),
        "w_provider": texts([each.provider if isinstance(each, _ROUTED) else None for _, each in work]),
        "w_priority": int2s([_number_of(each) for _, each in work]),
        "w_run_at": times([_time_of(each) for _, each in work]),
        "w_start_deadline": times([each.start_deadline if each else None for each in opened]),
        "w_deadline": times([each.deadline if each else None for each in opened]),
    }
