"""The contract of the append: what PostgreSQL and its twin both do."""

from itertools import pairwise

import pytest

from domain.kernel.facts import Postings
from infra.journal import reads, receipts, snapshotter
from infra.journal.append import CONFLICT, DONE, REPEATED, TAKEN, Guard
from tests.simulation.contract.batches import bump, command, entry, line, opening, stream
from tests.simulation.contract.sides import Adapters, refusal_of

ONE, TWO, THREE = stream(1), stream(2), stream(3)


async def test_positions_are_counted_without_holes_and_time_never_goes_back(side: Adapters) -> None:
    first = await side.append(bump(1, ONE, 0), bump(2, TWO, 0))
    second = await side.append(bump(3, ONE, 1))
    assert (first.first_position, first.outcomes, first.details) == (1, None, None)
    assert (second.first_position, second.outcomes) == (3, None)
    rows = await side.ask(reads.PAGE, {"after": 0, "limit": 10})
    assert [(row[0], row[1], row[2]) for row in rows] == [(1, ONE, 1), (2, TWO, 1), (3, ONE, 2)]
    recorded = await side.side.recorded()
    assert recorded == sorted(recorded) and recorded[-1] == second.recorded_at


async def test_a_stream_that_has_moved_on_is_a_conflict_that_names_its_version(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0))
    answer = await side.append(bump(2, ONE, 0), bump(3, TWO, 0), bump(4, THREE, 5))
    assert (answer.outcomes, answer.details) == ([CONFLICT, DONE, CONFLICT], [1, None, 0])
    assert (answer.first_position, await side.ask(reads.HEAD, {})) == (2, [(2,)])


async def test_a_stream_that_begins_below_one_agrees_with_who_saw_nothing(side: Adapters) -> None:
    assert (await side.append(bump(1, ONE, -1))).outcomes is None
    assert (await side.append(bump(2, ONE, -1))).details == [0]


async def test_what_was_decided_on_a_command_of_the_batch_falls_with_it(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0))
    answer = await side.append(
        bump(2, ONE, 0), bump(3, ONE, 1, prior=1), bump(4, ONE, 2, prior=2), bump(5, TWO, 0), bump(6, TWO, 1, prior=4)
    )
    assert answer.outcomes == [CONFLICT, CONFLICT, CONFLICT, DONE, DONE]
    assert answer.details == [1, None, None, None, None]


async def versions_of(side: Adapters) -> list[tuple[str, int]]:
    """Topic and version of each event of stream ONE, in the log's order."""
    rows = await side.ask(reads.STREAM, {"stream": ONE})
    return [(row[3].removeprefix("counters."), row[2]) for row in rows]


async def test_whoever_takes_it_beside_gives_way_to_what_came_before(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0), bump(2, ONE, 1, prior=1, topic="counters.other"), bump(3, ONE, 2, prior=2, topic="counters.more"))
    answer = await side.append(bump(4, ONE, 1, beside="counters.other counters.more", topic="counters.late"), bump(5, TWO, 0))
    assert (answer.first_position, answer.outcomes, answer.details, answer.moved) == (4, [DONE, DONE], [None, None], [ONE])
    assert await versions_of(side) == [("bumped", 1), ("other", 2), ("more", 3), ("late", 4)]


@pytest.mark.parametrize("beside", [None, "counters.other", "counters.bumped", "counters.other counters.mor"])
async def test_one_fact_that_may_not_stand_beside_is_a_conflict(side: Adapters, beside: str | None) -> None:
    await side.append(bump(1, ONE, 0), bump(2, ONE, 1, prior=1, topic="counters.other"), bump(3, ONE, 2, prior=2, topic="counters.more"))
    answer = await side.append(bump(4, ONE, 1, beside=beside))
    assert (answer.outcomes, answer.details, answer.moved) == ([CONFLICT], [3], None)


async def test_later_commands_of_the_batch_go_on_with_whom_they_build_on_if_they_take_it_beside_too(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0), bump(2, ONE, 1, prior=1))
    may = {"beside": "counters.bumped"}
    answer = await side.append(
        bump(3, ONE, 1, **may), bump(4, ONE, 2, prior=1, **may), bump(5, ONE, 3, prior=2), bump(6, ONE, 4, prior=3, **may)
    )
    assert (answer.outcomes, answer.moved) == ([DONE, DONE, CONFLICT, CONFLICT], [ONE])
    assert await versions_of(side) == [("bumped", version) for version in range(1, 5)]


async def test_a_stream_that_was_not_there_stands_beside_nothing(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0))
    answer = await side.append(bump(2, ONE, 0, beside="counters.bumped"))
    assert (answer.outcomes, answer.moved) == ([CONFLICT], None)


async def test_a_command_that_gives_way_in_one_stream_may_still_conflict_in_another(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0), bump(2, ONE, 1, prior=1), bump(3, TWO, 0))
    both = entry(4, guards=[Guard(ONE, 1, 0, "counters.bumped"), Guard(TWO, 0, 0)], lines=[line(ONE, 2)])
    answer = await side.append(both, bump(5, ONE, 1, beside="counters.bumped"))
    assert answer.outcomes == [CONFLICT, DONE]
    assert await versions_of(side) == [("bumped", 1), ("bumped", 2), ("bumped", 3)]


async def test_a_command_id_acts_once_and_says_where(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0), bump(2, TWO, 0, fingerprint=b"f", result={"id": "x"}))
    answer = await side.append(bump(2, TWO, 0, fingerprint=b"f"), bump(3, TWO, 1, prior=1), bump(1, ONE, 1))
    assert (answer.outcomes, answer.details) == ([REPEATED, CONFLICT, REPEATED], [2, None, 1])
    known = await receipts.known(side.side.connection, [command(2), command(9)])
    assert [(each.fingerprint, each.receipt.position, each.receipt.result) for each in known.values()] == [(b"f", 2, {"id": "x"})]


async def test_the_receipt_of_a_command_is_its_last_event(side: Adapters) -> None:
    both = entry(1, guards=[Guard(ONE, 0, 0), Guard(TWO, 0, 0)], lines=[line(ONE, 1), line(ONE, 2), line(TWO, 1)])
    await side.append(both, bump(2, THREE, 0))
    known = await receipts.known(side.side.connection, [command(1), command(2)])
    assert [each.receipt.position for each in known.values()] == [3, 4]


async def test_a_claim_belongs_to_one_stream(side: Adapters) -> None:
    assert (await side.append(bump(1, ONE, 0, taken=[("name", ONE)]))).outcomes is None
    answer = await side.append(bump(2, TWO, 0, taken=[("other", TWO), ("name", TWO)]), bump(3, ONE, 1, taken=[("name", ONE)]))
    assert (answer.outcomes, answer.details) == ([TAKEN, DONE], [2, None])
    assert await side.ask(reads.CLAIM, {"claim": "other"}) == []
    assert await side.ask(reads.CLAIM, {"claim": "name"}) == [(ONE,)]


async def test_within_a_batch_the_latest_change_of_a_claim_counts(side: Adapters) -> None:
    answer = await side.append(
        bump(1, ONE, 0, taken=[("name", ONE)]),
        bump(2, TWO, 0, taken=[("name", TWO)]),
        bump(3, ONE, 1, prior=1, freed=["name"]),
        bump(4, THREE, 0, taken=[("name", THREE)]),
    )
    assert (answer.outcomes, answer.details) == ([DONE, TAKEN, DONE, DONE], [None, 2, None, None])
    assert await side.ask(reads.CLAIM, {"claim": "name"}) == [(THREE,)]


async def test_what_a_failed_command_freed_is_not_free(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0, taken=[("name", ONE)]))
    answer = await side.append(bump(2, ONE, 7, freed=["name"]), bump(3, TWO, 0, taken=[("name", TWO)]))
    assert answer.outcomes == [CONFLICT, TAKEN]
    assert await side.ask(reads.CLAIM, {"claim": "name"}) == [(ONE,)]


async def test_a_freed_claim_can_be_taken_again_by_the_same_command(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0, taken=[("name", ONE)]))
    assert (await side.append(bump(2, TWO, 0, freed=["name"], taken=[("name", TWO)]))).outcomes == [DONE]
    assert await side.ask(reads.CLAIM, {"claim": "name"}) == [(TWO,)]


async def test_work_of_a_command_that_was_not_done_is_not_there(side: Adapters) -> None:
    await side.append(bump(1, ONE, 0))
    await side.append(bump(2, ONE, 0, work=[opening(1)]), bump(3, TWO, 0, work=[opening(2)]))
    assert len((await side.side.contents())["dispatch.work"]) == 1


@pytest.mark.parametrize(
    ("broken", "sqlstate"),
    [
        (entry(9, lines=[line(THREE, 1, postings=Postings(5, 0, 0, -4, "issued"))]), "23514"),
        (entry(9, lines=[line(THREE, 1, postings=Postings(5, 0, 0, -5, ""))]), "23514"),
        (entry(9, lines=[line(THREE, 1, state=b"[]")]), "23514"),
        (entry(9, lines=[line(THREE, 1, state=b"{")]), "22P02"),
        (entry(9, lines=[line(THREE, -1)]), "23514"),
        (entry(9, lines=[line(THREE, 1)], causation=3), "23514"),
        (entry(9, lines=[line(ONE, 1)]), "23505"),
        (entry(9, lines=[line(THREE, 1), line(THREE, 1)]), "23505"),
        (entry(9, work=[opening(5, priority=2)]), "23514"),
        (entry(9, work=[opening(1)]), "23505"),
        (entry(9, work=[opening(5), opening(5)]), "23505"),
        (entry(9, work=[opening(5, model=None)]), "23502"),
    ],
    ids=[
        "unbalanced",
        "no book",
        "no object",
        "no JSON",
        "version",
        "cause",
        "stream",
        "twice",
        "priority",
        "work",
        "work twice",
        "no model",
    ],
)
async def test_a_bad_command_is_refused_by_name_and_takes_the_batch_with_it(side: Adapters, broken, sqlstate: str) -> None:
    await side.append(bump(1, ONE, 0, work=[opening(1)]))
    before = await side.side.contents()
    assert await refusal_of(side, bump(8, TWO, 0, taken=[("name", TWO)], work=[opening(2)]), broken) == sqlstate
    assert await side.side.contents() == before


async def test_one_command_twice_in_a_batch_is_refused(side: Adapters) -> None:
    assert await refusal_of(side, bump(1, ONE, 0), bump(1, TWO, 0)) == "23505"


async def test_events_of_others_may_hold_any_bytes(side: Adapters) -> None:
    assert await refusal_of(side, entry(1, lines=[line(ONE, 1, topic="module:Class", state=b"\x00\xff")])) is None


async def test_a_snapshot_is_read_as_of_a_position_and_written_once(side: Adapters) -> None:
    await side.append(*[bump(number, ONE, number - 1, prior=number - 1) for number in range(1, 6)])
    row = {"stream": ONE, "version": 3, "position": 3, "kind": "counter", "shape": 1, "state": b"s"}
    for state in (b"s", b"another"):
        await side.side.connection.execute(snapshotter.INSERT, {**row, "state": state})
    values = {"stream": ONE, "kind": "counter", "shape": 1}
    assert await side.ask(reads.SNAPSHOT_UNTIL, {**values, "until": 2}) == []
    assert [row[1:] for row in await side.ask(reads.SNAPSHOT_UNTIL, {**values, "until": 4})] == [(ONE, 3, 3, "counter", b"s")]
    assert await side.ask(reads.SNAPSHOT_UNTIL, {**values, "until": 4, "shape": 2}) == []
    after = await side.ask(reads.EVENTS_UNTIL, {"stream": ONE, "version": 3, "until": 4})
    assert [(row[2], row[3]) for row in after] == [(4, 4)]


async def test_recorded_times_only_grow(side: Adapters) -> None:
    for number in range(1, 6):
        await side.append(bump(number, ONE, number - 1))
    assert all(before <= after for before, after in pairwise(await side.side.recorded()))
