"""journal.append_v2 in memory: the same arguments, the same outcomes.

Written from 0008_append.sql and 0033_beside.sql, sharing no code with the writer.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from tests.simulation.twin.log import Event, Log
from tests.simulation.twin.rows import Rows

DONE, REPEATED, CONFLICT, TAKEN = range(4)


class Answer(NamedTuple):
    """The columns that append_v2 answers with."""

    first_position: int
    recorded: datetime
    lock_wait_ms: float
    outcomes: list[int] | None
    details: list[int | None] | None
    moved: list[UUID] | None


class Planned(NamedTuple):
    """What an append will do when it commits. Nothing else may append in between: its caller holds the lock."""

    answer: Answer
    commit: Callable[[], None]


def plan(log: Log, rows: Rows, arguments: Mapping[str, list[Any]], now: datetime) -> Planned:
    """Decide one call of append_v2.   Raises psycopg.Error, and then nothing is changed."""
    a = arguments
    recorded = max(now, log.events[-1].recorded_at) if log.events else now
    outcomes: list[int] | None = None
    details: list[int | None] | None = None
    moved: dict[UUID, int] = {}
    if troubled(log, a):
        outcomes, details, moved = walk(log, a)
    events = _events(log, a, outcomes, recorded, moved)
    changes = [
        values for values in zip(*(a[f"w_{name}"] for name in _WORK), strict=True) if outcomes is None or outcomes[values[0] - 1] == DONE
    ]
    rows.check_changes(changes)

    def commit() -> None:
        for event in events:
            log.add(event)
        change_claims(log, a, outcomes)
        rows.change_work(recorded, changes)

    return Planned(Answer(log.head + 1, recorded, 0.0, outcomes, details, list(moved) or None), commit)


_WORK = ("command", "op", "generation", "account", "queue", "model", "provider", "priority", "run_at", "start_deadline", "deadline")


def troubled(log: Log, a: Mapping[str, list[Any]]) -> bool:
    """Whether any command of the batch cannot simply be done."""
    if any(
        prior == 0 and version != head_of(log, stream, version)
        for stream, version, prior in zip(a["g_stream"], a["g_version"], a["g_prior"], strict=True)
    ):
        return True
    if any(command_id in log.commands for command_id in a["c_id"]):
        return True
    claims = a["t_claim"]
    return len(claims) > len(set(claims)) or any(
        stream is not None and claim in log.claims and log.claims[claim] != stream
        for claim, stream in zip(claims, a["t_stream"], strict=True)
    )


def head_of(log: Log, stream: UUID, seen: int) -> int:
    """The stream's version in the log. A stream without events agrees with whoever saw none."""
    found = log.version(stream)
    return min(seen, 0) if found is None else found


def walk(log: Log, a: Mapping[str, list[Any]]) -> tuple[list[int], list[int | None], dict[UUID, int]]:
    """Command by command: what earlier ones of the batch were granted counts, and who was decided on a failed one fails with it.

    With the streams in which somebody gave way to events of others, and to how many.
    """
    outcomes: list[int] = []
    details: list[int | None] = []
    moved: dict[UUID, int] = {}
    for number, command_id in enumerate(a["c_id"], 1):
        first = log.commands.get(command_id)
        outcome, detail = (DONE, None) if first is None else (REPEATED, first.position)
        if outcome == DONE:
            outcome, detail = _judge_guards(log, a, number, outcomes, moved)
        if outcome == DONE:
            outcome, detail = _judge_claims(log, a, number, outcomes)
        outcomes.append(outcome)
        details.append(detail)
    return outcomes, details, moved


def _judge_guards(
    log: Log, a: Mapping[str, list[Any]], number: int, outcomes: Sequence[int], moved: dict[UUID, int]
) -> tuple[int, int | None]:
    guards = zip(*(a[f"g_{name}"] for name in ("command", "stream", "version", "prior", "beside")), strict=True)
    for command, stream, version, prior, beside in guards:
        if command != number:
            continue
        if prior > 0 and outcomes[prior - 1] != DONE:
            return CONFLICT, None
        head = head_of(log, stream, version)
        # How far the stream has gone on since it was seen: by whoever was first in the batch, if this one builds on him.
        on = moved.get(stream, 0) if prior > 0 else head - version
        if on == 0 and (prior > 0 or stream not in moved):
            continue
        if moved.get(stream, on) != on or not _only_beside(log, stream, head - on, beside):
            return CONFLICT, head
        moved[stream] = on
    return DONE, None


def _only_beside(log: Log, stream: UUID, seen: int, beside: str | None) -> bool:
    """Whether something came after version *seen*, and all of it is of the topics in *beside*."""
    if beside is None or seen < 1:
        return False
    after = [event for event in log.streams.get(stream, ()) if event.version > seen]
    return bool(after) and all(event.topic in beside.split(" ") for event in after)


def _judge_claims(log: Log, a: Mapping[str, list[Any]], number: int, outcomes: Sequence[int]) -> tuple[int, int | None]:
    entries = list(zip(a["t_command"], a["t_claim"], a["t_stream"], strict=True))
    for place, (command, claim, stream) in enumerate(entries):
        if command != number or stream is None:
            continue
        owner = log.claims.get(claim)
        for earlier, same, changed in reversed(entries[:place]):
            # The latest change by an earlier command that is done, or by this one, stands above the table.
            if same == claim and (earlier == number or outcomes[earlier - 1] == DONE):
                owner = changed
                break
        if owner is not None and owner != stream:
            return TAKEN, place + 1
    return DONE, None


def change_claims(log: Log, a: Mapping[str, list[Any]], outcomes: Sequence[int] | None) -> None:
    """The last change of each claim in the batch counts."""
    last: dict[str, UUID | None] = {}
    for command, claim, stream in zip(a["t_command"], a["t_claim"], a["t_stream"], strict=True):
        if outcomes is None or outcomes[command - 1] == DONE:
            if stream is None:
                log.claims.pop(claim, None)
            last[claim] = stream
    for claim, owner in last.items():
        if owner is not None:
            log.claims.setdefault(claim, owner)


def _events(
    log: Log, a: Mapping[str, list[Any]], outcomes: Sequence[int] | None, recorded: datetime, moved: Mapping[UUID, int]
) -> list[Event]:
    """The rows to insert.   Raises psycopg.Error where a constraint of the table would."""
    found: list[Event] = []
    commands: set[UUID] = set()
    versions: set[tuple[UUID, int]] = set()
    before = 0
    for n, command in enumerate(a["e_command"]):
        first, before = command != before, command
        if outcomes is not None and outcomes[command - 1] != DONE:
            continue
        at = command - 1
        event = Event(
            position=log.head + len(found) + 1,
            stream=a["e_stream"][n],
            version=a["e_version"][n] + moved.get(a["e_stream"][n], 0),
            topic=a["e_topic"][n],
            recorded_at=recorded,
            actor=a["c_actor"][at],
            account_id=a["c_account"][at],
            correlation=a["c_correlation"][at],
            causation=a["c_causation"][at],
            command_id=a["c_id"][at],
            first=first,
            fingerprint=a["c_fingerprint"][at] if first else None,
            status=a["c_status"][at] if first else None,
            result=a["c_result"][at] if first else None,
            postings=(a["e_available"][n], a["e_held"][n], a["e_owed"][n], a["e_outside"][n], a["e_book"][n]),
            state=a["e_state"][n],
        )
        _check(event)
        taken = (event.stream, event.version) in versions or any(e.version == event.version for e in log.streams.get(event.stream, ()))
        if taken or (first and (event.command_id in commands or event.command_id in log.commands)):
            raise psycopg.errors.UniqueViolation("a version or a command id is there already")
        versions.add((event.stream, event.version))
        commands.add(event.command_id)
        found.append(event)
    return found


def _check(event: Event) -> None:
    if event.version < 0 or (event.causation is not None and event.causation >= event.position):
        raise psycopg.errors.CheckViolation("version_counts, or causation_is_earlier")
    available, held, owed, outside, book = event.postings
    numbers = (available, held, owed, outside)
    if (book is None) != (available is None) or len({number is None for number in numbers}) > 1:
        raise psycopg.errors.CheckViolation("postings_are_balanced: some are missing")
    if available is not None and (sum(number or 0 for number in numbers) != 0 or (outside and not book)):
        raise psycopg.errors.CheckViolation("postings_are_balanced")
    if ":" in event.topic or "." not in event.topic:
        return
    try:
        state = msgspec.json.decode(event.state)
    except msgspec.DecodeError as error:
        raise psycopg.errors.InvalidTextRepresentation("the state is no JSON") from error
    if not isinstance(state, dict):
        raise psycopg.errors.CheckViolation("state_is_json")
