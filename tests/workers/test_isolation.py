"""Work that kills its process: tried alone, counted, quarantined."""

import asyncio
import os
import signal
import time

import pytest

from tests.support.fleet import Fleet
from tests.support.fleet_providers import die
from workers.children import Child, ChildDied, Children


async def test_a_generation_that_kills_its_process_is_quarantined_after_three_deaths_alone(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "killer")
    async with fleet.working(), fleet.dispatching():
        [done] = await fleet.final(generation_id, seconds=40)
    assert done.error == {"code": "quarantined", "message": "The work ended its process every time it was tried.", "retryable": False}
    assert await fleet.facts(generation_id) == [
        "GenerationRequested",
        *["GenerationStarted", "GenerationRetrying"] * 3,
        "GenerationStarted",
        "GenerationFailed",
    ]
    assert (await fleet.credits(account)).holds == {}
    assert await fleet.work(generation_id) is None


async def test_what_a_provider_may_be_asked_once_is_not_asked_again_when_the_process_of_its_answer_dies(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "killer-once")
    async with fleet.working(), fleet.dispatching():
        [done] = await fleet.final(generation_id, seconds=40)
    assert done.error is not None and (done.error["code"], done.error["retryable"]) == ("submit_unknown", False)
    assert await fleet.facts(generation_id) == ["GenerationRequested", "GenerationStarted", "GenerationFailed"]
    assert (await fleet.credits(account)).holds == {}
    assert await fleet.work(generation_id) is None


async def test_the_neighbours_of_a_killer_do_not_notice(fleet: Fleet):
    account = await fleet.account(credits=1_000)
    async with fleet.working():
        killer = await fleet.submit(account, "killer")
        others = [await fleet.submit(account, "picture") for _ in range(6)]
        done = await fleet.final(*others)
    assert {(each.status, each.attempt) for each in done} == {("succeeded", 1)}
    row = await fleet.work(killer)
    assert row is not None
    assert (row["isolate"], row["deaths"]) == (True, 0)


async def test_isolated_work_that_ends_well_is_like_any_other(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "picture")
    await fleet.change_work(generation_id, "isolate = true")
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert (done.status, len(done.asset_ids)) == ("succeeded", 1)


async def test_a_refusal_crosses_the_border_of_an_isolated_process(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "refused")
    await fleet.change_work(generation_id, "isolate = true")
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert done.error and done.error["code"] == "content_rejected"


async def test_a_death_in_the_pool_hits_one_job_only():
    children = Children(2)
    try:
        died, pid = await asyncio.gather(children(die), children(os.getpid), return_exceptions=True)
        assert isinstance(died, ChildDied)
        assert pid not in (None, os.getpid())
        assert await children(os.getpid) != os.getpid()
    finally:
        children.close()


async def test_cancelling_kills_the_process():
    child = Child()
    pid = await child.run(os.getpid)
    task = asyncio.ensure_future(child.run(time.sleep, 60))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(100):
        if not alive(pid):
            break
        await asyncio.sleep(0.02)
    assert not alive(pid)


async def test_the_interrupt_key_does_not_reach_child_processes():
    child = Child()
    try:
        pid = await child.run(os.getpid)
        os.kill(pid, signal.SIGINT)
        assert await child.run(os.getpid) == pid
    finally:
        child.kill()


def alive(pid: int) -> bool:
    """Zombies that wait for the fork server do not count."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
