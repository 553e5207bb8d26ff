"""The provider has taken the job, and the worker is killed before it could write that down."""

import asyncio
import functools
import itertools
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID

import pytest

from domain.generations.generation import Generation
from tests.support.fleet import Fleet
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
    """A worker after the other, each killed when the server has answered the first submit of a generation. How many were."""
    kills = 0
    running: list[BaseProcess] = []

    def answered(reference: str) -> None:
        if server.times(reference) == 1:
            kill(running[-1])

    server.answered = answered
    while kills < rounds:
        running.append(begin())
        await asyncio.to_thread(running[-1].join, 30)
        assert running[-1].exitcode == -signal.SIGKILL
        kills += 1
        await fleet.world.rows(LAPSE)
        await fleet.platform.board.reap(10)
    server.answered = lambda reference: None
    return kills


def check(done: Sequence[Generation], asked: dict[UUID, str]) -> None:
    ends = {policy: {(each.status, each.charged, each.released) for each in done if asked[each.id] == policy} for policy in POLICIES}
    assert ends["look_up"] == ends["at_least_once"] == {("succeeded", 5, 0)}
    assert ends["at_most_once"] == {("failed", 0, 5)}
    assert {each.error and each.error["code"] for each in done} == {None, "submit_unknown"}


def times_of(server: ParkingServer, asked: dict[UUID, str]) -> dict[str, list[int]]:
    return {policy: [server.times(str(each)) for each, its in asked.items() if its == policy] for policy in POLICIES}
