"""What a worker tells while it draws."""

from dataclasses import replace

import pytest

from tests.support.fleet import Fleet
from workers import start


class Told:
    """A Progress port that remembers."""

    def __init__(self) -> None:
        self.ticks: list[tuple[object, float]] = []

    def tell(self, generation_id, share, *, account_id):
        self.ticks.append((generation_id, share))


async def test_the_share_is_told_after_each_picture_and_begins_anew_with_each_attempt(fleet: Fleet):
    told = Told()
    account_id = await fleet.account()
    async with fleet.working(platform=replace(fleet.platform, progress=told)), fleet.dispatching():
        drawn, again = await fleet.submit(account_id, "slow-picture"), await fleet.submit(account_id, "twice-limited")
        await fleet.final(drawn)
        await fleet.when(again, lambda found: found.status == "queued" and found.attempt == 1)
        await fleet.change_work(again, "run_at = clock_timestamp()")
        await fleet.when(again, lambda found: found.status == "queued" and found.attempt == 2)
    assert [share for whose, share in told.ticks if whose == drawn] == [1.0]
    assert [share for whose, share in told.ticks if whose == again] == [0.0]


async def test_the_share_is_told_from_an_isolated_process_too(fleet: Fleet):
    told = Told()
    drawn = await fleet.submit(await fleet.account(), "picture")
    await fleet.change_work(drawn, "isolate = true")
    async with fleet.working(platform=replace(fleet.platform, progress=told)), fleet.dispatching():
        await fleet.final(drawn)
    assert told.ticks == [(drawn, 1.0)]


async def test_nobody_hears_how_far_it_is_before_he_can_know_that_it_runs(fleet: Fleet, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(start, "LATE_SECONDS", 60.0)
    told = Told()
    drawn = await fleet.submit(await fleet.account(), "picture")
    async with fleet.working(platform=replace(fleet.platform, progress=told)):
        await fleet.final(drawn)
    assert told.ticks == []
