"""When a round does not land as decided, only what was decided on its losses is decided again."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.kernel.commands import Decision
from infra.journal.append import CONFLICT, DONE, Appended
from infra.journal.pending import Decided, Guard, Line, Round
from infra.journal.settle import failed_streams, troubled
from infra.journal.undo import undone
from tests.support.journal import new_id

NOW = datetime(2026, 11, 22, tzinfo=UTC)
A, B, C, D = (UUID(int=number) for number in range(1, 5))


def command(*guards: Guard, sent: bool = True) -> Decided:
    """A command that saw *guards* and, if it is *sent*, wrote the first of them."""
    pending: Any = object()
    lines = [Line(guards[0].stream, guards[0].version + 1, "tests.fact", b"{}", None)] if sent else []
    return Decided(pending, Decision(account_id=new_id()), None, list(guards), lines)


def round_of(*items: Decided) -> Round:
    touched: dict[int, Any] = {line.stream.int: object() for item in items for line in item.lines}
    return Round(items=list(items), touched=touched)


def test_only_the_streams_of_commands_that_were_refused_are_ahead_of_the_log():
    round_ = round_of(command(Guard(A, 1, 0)), command(Guard(B, 1, 0), sent=False), command(Guard(C, 1, 0), Guard(D, 4, 0)))
    appended = Appended(1, NOW, 0.0, [DONE, CONFLICT], [None, 4])
    assert failed_streams(round_, appended) == {C, D}
    assert failed_streams(round_, Appended(1, NOW, 0.0, None, None)) == set()


def test_a_stream_that_moved_differs_from_the_log_although_its_command_is_done():
    round_ = round_of(command(Guard(A, 1, 0)), command(Guard(B, 1, 0)))
    moved = Appended(1, NOW, 0.0, [DONE, DONE], [None, None], [B])
    assert (failed_streams(round_, moved), troubled(moved)) == ({B}, True)


def test_commands_on_other_streams_stay_and_are_numbered_anew():
    lost, first, second = command(Guard(A, 7, 0)), command(Guard(B, 1, 0)), command(Guard(B, 2, 2))
    round_ = round_of(lost, first, second)
    taken_back, streams = undone(round_, {A})
    assert taken_back == [lost]
    assert streams == {A}
    assert round_.items == [first, second]
    assert [guard.prior for item in round_.items for guard in item.guards] == [0, 1]
    assert set(round_.touched) == {B.int}
    assert not round_.torn


def test_what_was_decided_on_a_command_that_is_taken_back_is_taken_back_too():
    first, second, third = command(Guard(B, 1, 0), Guard(A, 7, 0)), command(Guard(C, 1, 0), Guard(B, 2, 1)), command(Guard(C, 2, 2))
    round_ = round_of(first, second, third)
    taken_back, streams = undone(round_, {A})
    assert taken_back == [first, second, third]
    assert streams == {A, B, C}
    assert round_.items == []


def test_a_command_that_stays_while_a_later_one_on_its_stream_goes_makes_the_round_torn():
    stays, goes = command(Guard(B, 1, 0)), command(Guard(B, 2, 1), Guard(A, 7, 0))
    round_ = round_of(stays, goes)
    taken_back, streams = undone(round_, {A})
    assert (taken_back, streams) == ([goes], {A, B})
    assert round_.items == [stays]
    assert set(round_.touched) == {B.int}
    assert round_.torn
