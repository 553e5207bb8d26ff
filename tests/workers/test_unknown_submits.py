"""The provider has taken the job, and the worker is killed before it could write that down."""

import asyncio
import functools
import itertools
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID

import pytest

from domain.generations.commands import StartGeneration
from domain.generations.generation import Generation
from domain.providers.catalogue import Catalogue
from tests.support.fleet import Fleet, model
from tests.support.killed_workers import kill, start
from tests.support.parking_provider import POLICIES
from tests.support.parking_server import ParkingServer

CHARGES = "SELECT count(*), count(DISTINCT stream) FROM journal.events WHERE topic = 'generations.succeeded'"
# Thirty seconds later, without the wait: leases of rows and of looks are over.
LAPSE = """
    UPDATE dispatch.work SET lease_until = CASE WHEN state = 'leased' THEN clock_timestamp() - interval '1 s' END,
                             poll_at = CASE WHEN state = 'parked' THEN clock_timestamp() END
    WHERE state IN ('leased', 'parked') RETURNING 1
"""


@pytest.mark.parametrize("rounds", [25, pytest.param(500, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])])
async def test_a_worker_killed_after_the_provider_took_the_job_pays_nobody_twice(
    fleet: Fleet, fresh_database_url: str, redis_url: str, tmp_path: Path, rounds: int
):
    with ParkingServer() as server:
        account = await fleet.account(credits=5 * rounds)
        asked = {await fleet.submit(account, policy): policy for policy in itertools.islice(itertools.cycle(POLICIES), rounds)}
        begin = functools.partial(start, fresh_database_url, redis_url, tmp_path / "objects", server.url)
        began = time.monotonic()
        kills = await killing(fleet, server, rounds, lambda: begin(slots=1))
        worker = begin()
        done = await fleet.final(*asked, seconds=60)
        worker.terminate()
        worker.join()
        print(f"{kills} kills in {time.monotonic() - began:.1f} s")
    assert kills == rounds
    check(done, asked)
    for policy, times in times_of(server, asked).items():
        assert min(times) >= 2 if policy == "at_least_once" else set(times) == {1}, policy
    charged = sum(each.charged for each in done)
    credits = await fleet.credits(account)
    assert credits.holds == {}
    assert sum(grant["free"] for grant in credits.grants.values()) == 5 * rounds - charged
    assert await fleet.world.rows(CHARGES) == [(charged // 5, charged // 5)]


async def killing(fleet: Fleet, server: ParkingServer, rounds: int, begin: Callable[[], BaseProcess]) -> int:
    """A worker after the other, each killed when the server has taken the first submit of a generation. How many were."""
    kills = 0
    running: list[BaseProcess] = []

    def took(reference: str) -> None:
        if server.times(reference) == 1:
            kill(running[-1])

    server.took = took
    while kills < rounds:
        running.append(begin())
        await asyncio.to_thread(running[-1].join, 30)
        assert running[-1].exitcode == -signal.SIGKILL
        kills += 1
        await fleet.world.rows(LAPSE)
        await fleet.platform.board.reap(10)
    server.took = lambda reference: None
    return kills


def check(done: Sequence[Generation], asked: dict[UUID, str]) -> None:
    ends = {policy: {(each.status, each.charged, each.released) for each in done if asked[each.id] == policy} for policy in POLICIES}
    assert ends["look_up"] == ends["at_least_once"] == {("succeeded", 5, 0)}
    assert ends["at_most_once"] == {("failed", 0, 5)}
    assert {each.error and each.error["code"] for each in done} == {None, "submit_unknown"}


def times_of(server: ParkingServer, asked: dict[UUID, str]) -> dict[str, list[int]]:
    return {policy: [server.times(str(each)) for each, its in asked.items() if its == policy] for policy in POLICIES}


@pytest.mark.parametrize(("model_id", "status"), [("careful", "failed"), ("instant", "succeeded")])
async def test_work_whose_worker_was_lost_in_the_middle_is_done_again_only_where_that_may_be(fleet: Fleet, model_id: str, status: str):
    """A short job: that it was begun is all that anybody knows."""
    models = [*fleet.platform.catalogue.models, model("careful", on_unknown_submit="at_most_once")]
    fleet.platform = replace(fleet.platform, catalogue=Catalogue(price_version=1, models=models, defaults={}))
    account = await fleet.account()
    generation_id = await fleet.submit(account, model_id)
    await fleet.execute(StartGeneration(generation_id=generation_id, worker="one that is lost"))
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert (done.status, done.attempt, done.charged) == (status, 2, 5 if status == "succeeded" else 0)
    assert (done.error or {"code": "submit_unknown"})["code"] == "submit_unknown"
    assert (await fleet.credits(account)).holds == {}


async def test_a_drain_waits_for_what_must_not_be_given_twice(fleet: Fleet):
    careful = model("careful", on_unknown_submit="at_most_once", sleep_ms=700)
    fleet.platform = replace(fleet.platform, catalogue=Catalogue(price_version=1, models=[careful], defaults={}))
    account = await fleet.account()
    async with fleet.working(grace_seconds=0.1):
        generation_id = await fleet.submit(account, "careful")
        await fleet.when(generation_id, lambda found: found.status == "running")
    assert await fleet.facts(generation_id) == ["GenerationRequested", "GenerationStarted", "GenerationSucceeded"]
