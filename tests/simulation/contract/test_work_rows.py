"""The contract of the work rows: claims, leases, deadlines, parked jobs and limits, on PostgreSQL and on its twin."""

from datetime import timedelta
from typing import Any

from domain.dispatch.limits import Limit
from domain.kernel.commands import CancelWork, CloseWork, DrainWork, LimitWork, ParkWork, PauseWork, RequeueWork, RerouteWork, Work
from infra.dispatch import claims, leases, parked
from tests.simulation.contract.batches import LATER, PAST, account, entry, generation, opening, worker
from tests.simulation.contract.sides import Adapters

A, B = worker(1), worker(2)
ONE, TWO, THREE = generation(1), generation(2), generation(3)
NEVER = timedelta(seconds=-1)


async def change(side: Adapters, number: int, *work: Work) -> None:
    assert (await side.append(entry(number, work=work))).outcomes is None


async def column(side: Adapters, place: int) -> dict[Any, Any]:
    """One column of the work rows by generation; see `sides.TABLES`."""
    return {row[0]: row[place] for row in (await side.side.contents())["dispatch.work"]}


async def states(side: Adapters) -> dict[Any, str]:
    return await column(side, 8)


async def claim_briefly(side: Adapters, owner: Any, lease: timedelta = NEVER) -> None:
    """A lease that has lapsed already."""
    await side.ask(claims.CLAIM, {"owner": owner, "queues": ["image"], "limit": 9, "lease": lease})


async def beat(side: Adapters, owner: Any, *queues: str) -> bool:
    rows = await side.ask(leases.BEAT, {"worker": owner, "host": "h", "pid": 1, "queues": list(queues), "slots": 2, "running": 0})
    return bool(rows[0][0])


async def test_turns_are_fair_and_claims_take_the_lowest_rank(side: Adapters) -> None:
    await change(side, 1, opening(1), opening(2), opening(3, of=1), opening(4, of=1, queue="video"))
    await change(side, 2, opening(5, priority=1), opening(6, of=2, priority=-1))
    assert await column(side, 6) == {generation(n): turn for n, turn in ((1, 1), (2, 2), (3, 1), (4, 1), (5, 3), (6, 1))}
    assert [each.generation_id for each in await side.claims.claim(A, ["image"], 1)] == [generation(5)]
    assert {each.generation_id for each in await side.claims.claim(A, ["image"], 2)} == {ONE, THREE}
    assert [each.generation_id for each in await side.claims.claim(B, ["image"], 9)] == [TWO, generation(6)]
    await change(side, 3, opening(7, of=5))
    # A newcomer begins at the queue's clock: the highest turn that was ever begun.
    assert (await column(side, 6))[generation(7)] == 4


async def test_the_clock_never_goes_back(side: Adapters) -> None:
    await change(side, 1, *[opening(n) for n in range(1, 5)])
    claimed = [each.generation_id for each in await side.claims.claim(A, ["image"], 9)]
    await change(side, 2, *[CloseWork(generation_id=each) for each in claimed])
    await change(side, 3, opening(5), opening(6, of=1), opening(7, queue="video"))
    assert await column(side, 6) == {generation(5): 5, generation(6): 5, generation(7): 1}
    # What stands ahead of the clock counts, for whoever has it.
    await change(side, 4, opening(8), opening(9, of=2))
    assert {name: turn for name, turn in (await column(side, 6)).items() if name in (generation(8), generation(9))} == {
        generation(8): 6,
        generation(9): 5,
    }


async def test_a_queue_without_a_clock_goes_by_its_rows(side: Adapters) -> None:
    await change(side, 1, opening(1, queue="elsewhere"), opening(2, queue="elsewhere"))
    assert len(await side.claims.claim(A, ["elsewhere"], 1)) == 1
    await change(side, 2, opening(3, of=1, queue="elsewhere"))
    assert await column(side, 6) == {ONE: 1, TWO: 2, THREE: 2}
    await side.claims.release(A, [ONE])
    assert await column(side, 7) == {ONE: 1, TWO: 2, THREE: 2} and await side.board.lift(["elsewhere"], 9) == 0
    assert await side.board.ready(["elsewhere"], 9) == len(await side.claims.claim(A, ["elsewhere"], 9)) == 3


async def test_whatever_becomes_ready_is_where_claims_look(side: Adapters) -> None:
    await beat(side, A, "image")
    await change(side, 1, *[opening(n) for n in range(1, 6)], opening(6, model="n"))
    await claim_briefly(side, B)
    await side.side.move_clock("image", 1_000)
    await change(side, 2, RequeueWork(generation_id=ONE, run_at=None), RequeueWork(generation_id=TWO, run_at=LATER))
    await change(side, 3, ParkWork(generation_id=THREE, poll_at=LATER))
    await change(side, 4, RequeueWork(generation_id=THREE, run_at=None))
    await side.make_due("run_at")
    await side.claims.release(B, [generation(4)])
    assert await side.board.promote(9) == 1 and await side.board.reap(9) != []
    await side.limits.replace([Limit(scope="model", name="n", most=1)])
    assert await side.limits.admit(9) == 1
    assert set((await states(side)).values()) == {"ready"} and set((await column(side, 7)).values()) == {900}
    assert await side.board.ready(["image"], 9) == len(await side.claims.claim(A, ["image"], 9)) == 6


async def test_what_the_clock_has_left_behind_is_lifted_and_nothing_else(side: Adapters) -> None:
    await change(side, 1, opening(1), opening(2), opening(3, priority=1), opening(4, queue="video"))
    await side.side.move_clock("image", 152)
    assert await side.board.ready(["image"], 9) == 1
    assert [each.generation_id for each in await side.claims.claim(A, ["image"], 9)] == [TWO]
    assert await side.board.lift(["video"], 9) == 0 and await side.board.lift(["image", "video"], 1) == 1
    assert await side.board.lift(["image"], 9) == 1 and await side.board.lift(["image"], 9) == 0
    assert await column(side, 7) == {ONE: 52, TWO: 2, THREE: 52, generation(4): 1}
    assert await side.queues.position(ONE) == 1
    assert {each.generation_id for each in await side.claims.claim(A, ["image"], 9)} == {ONE, THREE}


async def test_what_is_given_back_was_never_claimed(side: Adapters) -> None:
    await change(side, 1, opening(1))
    [claimed] = await side.claims.claim(A, ["image"], 5)
    assert (claimed.claims, claimed.deaths, claimed.isolate) == (1, 0, False)
    await side.claims.release(B, [ONE])
    assert await states(side) == {ONE: "leased"}
    await side.claims.release(A, [ONE])
    assert await states(side) == {ONE: "ready"} and await column(side, 12) == {ONE: False} and await column(side, 15) == {ONE: 0}


async def test_only_the_owner_of_a_lease_changes_its_row(side: Adapters) -> None:
    await change(side, 1, opening(1))
    await side.claims.claim(A, ["image"], 1)
    assert await side.claims.count_death(B, ONE) == 0
    await side.claims.isolate(B, ONE)
    await side.claims.drop(B, ONE)
    assert await column(side, 17) == {ONE: False}
    assert await side.claims.count_death(A, ONE) == 1
    assert await side.ask(leases.LOOK, {"ids": [ONE, TWO], "owner": B}) == []
    assert await side.ask(leases.LOOK, {"ids": [ONE, TWO], "owner": A}) == [(ONE, False)]
    await side.claims.drop(A, ONE)
    assert await states(side) == {}


async def test_the_reaper_takes_what_has_lapsed_and_nothing_else(side: Adapters) -> None:
    await change(side, 1, opening(1))
    await claim_briefly(side, A)
    await change(side, 2, opening(2))
    await side.claims.claim(B, ["image"], 1)
    assert await side.board.reap(10) == [ONE]
    assert await states(side) == {ONE: "ready", TWO: "leased"} and (await column(side, 17))[ONE] is True
    await claim_briefly(side, A)
    await side.ask_nothing(leases.RENEW, {"ids": [ONE, TWO], "owner": A, "lease": timedelta(hours=1)})
    assert await side.board.reap(10) == []


async def test_a_retry_waits_and_is_promoted_but_what_never_began_is_queued_by_a_fact(side: Adapters) -> None:
    await change(side, 1, opening(1), opening(2, run_at=LATER))
    await side.claims.claim(A, ["image"], 1)
    await change(side, 2, RequeueWork(generation_id=ONE, run_at=LATER))
    assert await states(side) == {ONE: "waiting", TWO: "waiting"} and await side.board.promote(10) == 0
    await side.make_due("run_at")
    assert await side.due.scheduled(10) == [TWO]
    assert await side.board.promote(10) == 1
    assert await states(side) == {ONE: "ready", TWO: "waiting"}


async def test_a_cancel_marks_a_row_and_the_end_takes_it(side: Adapters) -> None:
    await change(side, 1, opening(1), opening(2))
    await change(side, 2, CancelWork(generation_id=ONE), CloseWork(generation_id=TWO), CloseWork(generation_id=THREE))
    assert await column(side, 18) == {ONE: True}


async def test_deadlines(side: Adapters) -> None:
    await change(side, 1, opening(1, deadline=PAST), opening(2, start_deadline=PAST), opening(3, start_deadline=LATER))
    found = {each.generation_id: each.which for each in await side.due.expired(10)}
    assert found == {ONE: "deadline", TWO: "start_deadline"}
    await side.claims.claim(A, ["image"], 9)
    # Whoever has begun has met the start deadline; the other one is an hour past, longer than anybody may take to end it.
    assert [each.which for each in await side.due.expired(10)] == ["deadline"]


async def test_a_paused_queue_begins_nothing_and_its_start_deadlines_stand_still(side: Adapters) -> None:
    await change(side, 1, opening(1, start_deadline=PAST), PauseWork(queue="image", paused=True))
    assert await side.claims.claim(A, ["image"], 9) == []
    assert await side.due.expired(10) == []
    assert await side.board.ready(["image"], 5) == 0
    await change(side, 2, PauseWork(queue="image", paused=False))
    assert await side.board.ready(["image"], 5) == 1 and [each.which for each in await side.due.expired(9)] == ["start_deadline"]


async def test_parked_jobs_are_looked_at_when_they_are_due(side: Adapters) -> None:
    await change(side, 1, opening(1, queue="video"), opening(2, queue="video"))
    await side.claims.claim(A, ["video"], 9)
    await change(side, 2, ParkWork(generation_id=ONE, poll_at=PAST), ParkWork(generation_id=TWO, poll_at=LATER))
    assert await states(side) == {ONE: "parked", TWO: "parked"} and await side.parked.claim(["image"], 9, 30.0) == []
    [job] = await side.parked.claim(["image", "video"], 9, 30.0)
    assert (job.generation_id, job.polls, job.cancel_requested) == (ONE, 1, False)
    assert await side.parked.claim(["video"], 9, 30.0) == []
    [kept] = await side.parked.keep([job], 60.0)
    assert await side.parked.keep([job], 60.0) == []
    await side.parked.look_again([(kept, -5.0)])
    assert [each.polls for each in await side.parked.claim(["video"], 9, 30.0)] == [2]
    assert await side.parked.wake(TWO) and not await side.parked.wake(THREE)
    assert [each.generation_id for each in await side.parked.claim(["video"], 9, 30.0)] == [TWO]


async def test_a_look_that_somebody_woke_meanwhile_stays_due(side: Adapters) -> None:
    await change(side, 1, opening(1, queue="video"))
    await change(side, 2, ParkWork(generation_id=ONE, poll_at=PAST))
    [job] = await side.parked.claim(["video"], 9, 30.0)
    await side.parked.wake(ONE)
    await side.parked.look_again([(job, 60.0)])
    [again] = await side.parked.claim(["video"], 9, 30.0)
    assert again.polls == 2
    await change(side, 3, CancelWork(generation_id=ONE))
    assert [each.cancel_requested for each in await side.parked.claim(["video"], 9, 30.0)] == [True]
    await side.parked.drop(ONE)
    assert await side.ask_nothing(parked.WAKE, {"id": ONE}) == 0


async def test_groups_are_of_workers_that_live_and_are_not_drained(side: Adapters) -> None:
    assert [await beat(side, worker(n), *queues) for n, queues in ((1, ["a"]), (2, ["a"]), (3, ["a", "b"]))] == [False] * 3
    await change(side, 1, DrainWork(worker=worker(2)))
    assert await beat(side, worker(2), "a") is True
    assert [(group.queues, group.workers) for group in await side.board.groups()] == [(("a",), 1), (("a", "b"), 1)]
    await side.ask_nothing(leases.LEAVE, {"worker": worker(1)})
    assert [group.queues for group in await side.board.groups()] == [("a", "b")]


async def test_limits_hold_what_may_not_run_and_admit_the_best(side: Adapters) -> None:
    await beat(side, A, "image")
    await side.limits.replace([Limit(scope="model", name="m", most=2), Limit(scope="account", name="*", most=1)])
    await change(side, 1, opening(1), opening(2), opening(3, of=1), opening(4, of=2), opening(5, of=3, queue="video"))
    assert set((await states(side)).values()) == {"held"}
    assert await side.limits.admit(10) == 2
    assert [name for name, state in (await states(side)).items() if state == "ready"] == [ONE, THREE]
    await change(side, 2, CloseWork(generation_id=ONE), LimitWork(account_id=account(2), most=0))
    assert await side.limits.admit(10) == 1
    assert (await states(side))[TWO] == "ready"


async def test_a_lane_lets_so_many_submits_through_its_window(side: Adapters) -> None:
    await beat(side, A, "image")
    await side.limits.replace([Limit(scope="model", name="m", lane="p 2/10", submits=2, seconds=10)])
    await change(side, 1, opening(1), opening(2, of=1), opening(3, of=2))
    assert await side.limits.admit(10) == 2
    waits = [await side.limits.reserve(each, "m") for each in (ONE, TWO, THREE)]
    assert waits[:2] == [0.0, 0.0] and 10.0 < waits[2] <= 11.0
    assert await side.limits.reserve(ONE, "another") == 0.0 and await side.limits.admit(10) == 0


async def test_failures_in_a_row_open_a_circuit_and_one_tries_later(side: Adapters) -> None:
    await beat(side, A, "image")
    await change(side, 1, opening(1), opening(2, of=1))
    assert [await side.health.failed("p", "overloaded") for _ in range(5)] == [False] * 4 + [True]
    assert set((await states(side)).values()) == {"held"} and await side.limits.admit(10) == 0
    assert await side.health.failing() == {"p"} and await side.health.failed("p", "overloaded") is False
    await side.make_due("open_until")
    assert await side.limits.admit(10) == 1
    await side.health.succeeded("p")
    assert await side.limits.admit(10) == 1 and await side.health.failing() == set()


async def test_another_model_has_limits_of_its_own(side: Adapters) -> None:
    await side.limits.replace([Limit(scope="model", name="m", most=0)])
    await change(side, 1, opening(1), opening(2, model="n"))
    assert await states(side) == {ONE: "held", TWO: "ready"}
    change_one = [RerouteWork(generation_id=ONE, model="n", provider="q"), RequeueWork(generation_id=ONE, run_at=None)]
    await change(side, 2, *change_one, RerouteWork(generation_id=TWO, model="m", provider="p"), RequeueWork(generation_id=TWO, run_at=None))
    assert await states(side) == {ONE: "ready", TWO: "held"}
    assert await side.queues.position(ONE) == 1 and await side.queues.position(TWO) is None


async def test_what_was_accepted_before_a_limit_is_held_by_it(side: Adapters) -> None:
    await change(side, 1, opening(1))
    await side.limits.replace([Limit(scope="provider", name="p", most=0)])
    assert await states(side) == {ONE: "held"}
    await side.limits.replace([])
    await beat(side, A, "image")
    assert await side.limits.admit(5) == 1
