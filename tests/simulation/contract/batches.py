"""Commands for the contract tests, without a domain behind them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.kernel.commands import Context, Decision, OpenWork, Work
from domain.kernel.facts import Postings
from infra.journal.append import Entry, Guard, Line

HOUR = timedelta(hours=1)
#: Fixed, so that both sides are given the same; and far enough from now that no test is slow enough to meet them.
START = datetime.now(UTC).replace(microsecond=0)
PAST, LATER = START - HOUR, START + HOUR


def id_of(kind: int, number: int) -> UUID:
    """The same small ids again and again."""
    return UUID(int=(kind << 64) | number)


def stream(number: int) -> UUID:
    return id_of(1, number)


def command(number: int) -> UUID:
    return id_of(2, number)


def generation(number: int) -> UUID:
    return id_of(3, number)


def account(number: int) -> UUID:
    return id_of(4, number)


def worker(number: int) -> UUID:
    return id_of(5, number)


def line(
    stream: UUID, version: int, *, postings: Postings | None = None, topic: str = "counters.bumped", state: bytes = b'{"by":1}'
) -> Line:
    return Line(stream, version, topic, state, postings)


def entry(
    number: int,
    *,
    guards: Sequence[Guard] = (),
    lines: Sequence[Line] = (),
    work: Sequence[Work] = (),
    taken: Sequence[tuple[str, UUID]] = (),
    freed: Sequence[str] = (),
    fingerprint: bytes | None = None,
    causation: int | None = None,
    result: dict[str, Any] | None = None,
) -> Entry:
    """Command number *number*."""
    context = Context(
        actor="test",
        now=START,
        command_id=command(number),
        fingerprint=fingerprint,
        status=202,
        correlation=f"c{number}",
        causation=causation,
    )
    decision = Decision(account_id=account(number % 3), result=result or {}, work=work, taken=taken, freed=freed)
    return Entry(context, decision, guards, lines)


def bump(
    number: int, on: UUID, version: int, *, prior: int = 0, beside: str | None = None, topic: str = "counters.bumped", **values: Any
) -> Entry:
    """One event on stream *on*, which was seen at *version*."""
    return entry(number, guards=[Guard(on, version, prior, beside)], lines=[line(on, version + 1, topic=topic)], **values)


def opening(
    number: int, *, of: int = 0, queue: str = "image", priority: int = 0, run_at: datetime | None = None, **values: Any
) -> OpenWork:
    given: dict[str, Any] = {"model": "m", "provider": "p", "start_deadline": None, "deadline": LATER, **values}
    return OpenWork(generation_id=generation(number), account_id=account(of), queue=queue, priority=priority, run_at=run_at, **given)
