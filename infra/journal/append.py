"""A round as the arguments of journal.append_v2, and its answer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
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
)
from domain.kernel.facts import Postings
from infra.postgres.arrays import blobs, encoded_texts, int2s, int4s, int8s, texts, times, uuids
from infra.postgres.prepared import Statement

DONE, REPEATED, CONFLICT, TAKEN = range(4)

# One statement, one commit: see 0008_append.sql, and what 0033_beside.sql adds.
APPEND = """
    SELECT first_position, recorded, lock_wait_ms, outcomes, details, moved FROM journal.append_v2(
        %(c_id)s, %(c_account)s, %(c_actor)s, %(c_correlation)s, %(c_causation)s, %(c_fingerprint)s, %(c_status)s, %(c_result)s,
        %(g_command)s, %(g_stream)s, %(g_version)s, %(g_prior)s, %(g_beside)s,
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
    """The answer. `outcomes` and `details` are None when every command is done as decided.

    `moved`: streams in which the events of others stand before those of the commands that are done, which gave way to them.
    """

    first_position: int
    recorded_at: datetime
    lock_wait_ms: float
    outcomes: list[int] | None
    details: list[int | None] | None
    moved: list[UUID] | None = None

    @property
    def conflicts(self) -> int:
        return (self.outcomes or []).count(CONFLICT)


# Structs rather than tuples: a round makes hundreds of these, and each comes for a fifth of the time.
class Guard(msgspec.Struct, frozen=True):
    """A stream as it was seen. `prior`: the number of the command of this round that wrote it last, 0 for none.

    `beside`: the topics, with a space between, of what others may have appended since; None: nothing.
    """

    stream: UUID
    version: int
    prior: int
    beside: str | None = None


class Line(msgspec.Struct, frozen=True):
    """One event, ready for the log."""

    stream: UUID
    version: int
    topic: str
    state: bytes
    postings: Postings | None


class Entry(msgspec.Struct, frozen=True):
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
        "g_beside": texts([guard.beside for _, guard in guards]),
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
_OPENED = attrgetter(
    *("generation_id", "account_id", "queue", "model", "provider", "priority", "run_at", "start_deadline", "deadline"),
)
_NOTHING = (None,) * 8

#: Kind of work -> its columns: op, generation (or worker, or account), account, queue, model, provider, number, time, start
#: deadline, deadline. `dispatch.change_work` says what each op does with them.
_ROWS: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {
    OpenWork: lambda work: (0, *_OPENED(work)),
    RequeueWork: lambda work: (1, work.generation_id, None, None, None, None, None, work.run_at, None, None),
    CancelWork: lambda work: (2, work.generation_id, *_NOTHING),
    CloseWork: lambda work: (3, work.generation_id, *_NOTHING),
    ParkWork: lambda work: (4, work.generation_id, None, None, None, None, None, work.poll_at, None, None),
    LimitWork: lambda work: (5, work.account_id, None, None, None, None, work.most, None, None, None),
    PauseWork: lambda work: (6 if work.paused else 7, None, None, work.queue, None, None, None, None, None, None),
    DrainWork: lambda work: (8, work.worker, *_NOTHING),
    RerouteWork: lambda work: (9, work.generation_id, None, None, work.model, work.provider, None, None, None, None),
}
_NO_ROWS: tuple[list[Any], ...] = ([],) * 11


def _work(entries: Sequence[Entry]) -> dict[str, Any]:
    rows = [(number, *_ROWS[type(each)](each)) for number, entry in enumerate(entries, 1) for each in entry.decision.work]
    columns = [list(column) for column in zip(*rows, strict=True)] or _NO_ROWS
    command, op, generation, account, queue, model, provider, number, time, start_deadline, deadline = columns
    return {
        "w_command": int4s(command),
        "w_op": int2s(op),
        "w_generation": uuids(generation),
        "w_account": uuids(account),
        "w_queue": texts(queue),
        "w_model": texts(model),
        "w_provider": texts(provider),
        "w_priority": int2s(number),
        "w_run_at": times(time),
        "w_start_deadline": times(start_deadline),
        "w_deadline": times(deadline),
    }
