"""When the start of an attempt is recorded: before the work, a moment after it has begun, or with its end."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.generations.commands import StartGeneration
from tests.support.fleet import Fleet
from workers import start


@pytest.fixture
def unrecorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever may begin unrecorded stays so until it ends."""
    monkeypatch.setattr(start, "LATE_SECONDS", 60.0)


async def commands_of(fleet: Fleet, generation_id: UUID) -> list[tuple[str, ...]]:
    """The topics of each command on the generation's stream."""
    rows = await fleet.world.rows(
        "SELECT array_agg(topic ORDER BY version) FROM journal.events WHERE stream = %s GROUP BY command_id ORDER BY min(version)",
        generation_id,
    )
    return [tuple(topic.removeprefix("generations.") for topic in topics) for (topics,) in rows]


async def under_way(fleet: Fleet, generation_id: UUID) -> None:
    """It is claimed, and what it asks for is being made."""
    while (row := await fleet.work(generation_id)) is None or row["state"] != "leased":
        await fleet.world.rows("SELECT pg_sleep(0.02)")
    await fleet.world.rows("SELECT pg_sleep(0.1)")


async def test_what_is_made_at_once_begins_and_ends_in_one_append(fleet: Fleet, unrecorded: None):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "brief")
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert await commands_of(fleet, generation_id) == [("requested",), ("started", "succeeded")]
    assert (done.status, done.attempt, done.attempts, done.charged) == ("succeeded", 1, 1, 5)
    assert done.started_at is not None
    assert done.finished_at is not None
    assert done.finished_at - done.started_at >= timedelta(milliseconds=200)


async def test_what_takes_longer_is_known_to_run_while_it_does(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "slow")
    async with fleet.working(grace_seconds=0.1):
        found = await fleet.when(generation_id, lambda found: found.status == "running")
        assert found.started_at is not None
        assert datetime.now(UTC) - found.started_at < timedelta(seconds=5)
        assert await commands_of(fleet, generation_id) == [("requested",), ("started",)]
    assert await commands_of(fleet, generation_id) == [("requested",), ("started",), ("retrying",)]


async def test_what_may_not_be_made_twice_is_recorded_before_its_provider_is_asked(fleet: Fleet, unrecorded: None):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "instant-once")
    async with fleet.working():
        await fleet.final(generation_id)
    assert await commands_of(fleet, generation_id) == [("requested",), ("started",), ("succeeded",)]


async def test_an_attempt_that_fails_at_once_is_recorded_as_one(fleet: Fleet, unrecorded: None):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "refused")
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert await commands_of(fleet, generation_id) == [("requested",), ("started",), ("failed",)]
    assert (done.status, done.attempt, done.released) == ("failed", 1, 5)


async def test_whoever_cancels_before_the_start_is_recorded_pays_nothing_and_gets_nothing(fleet: Fleet, unrecorded: None):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "slow-picture")
    async with fleet.working():
        await under_way(fleet, generation_id)
        await fleet.cancel(account, generation_id)
        await fleet.world.rows("SELECT pg_sleep(1)")
    assert await commands_of(fleet, generation_id) == [("requested",), ("canceled",)]
    assert (await fleet.credits(account)).holds == {}
    assert (await fleet.generation(generation_id)).released == 5
    assert await fleet.work(generation_id) is None


async def test_a_worker_that_loses_the_lease_before_the_start_is_recorded_records_nothing(fleet: Fleet, unrecorded: None):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "slow")
    async with fleet.working() as worker:
        await under_way(fleet, generation_id)
        await fleet.change_work(generation_id, "lease_owner = gen_random_uuid()")
        await fleet.world.rows("SELECT pg_sleep(2.5)")
        assert worker.running == 0
    assert await commands_of(fleet, generation_id) == [("requested",)]


async def test_a_worker_that_lost_the_generation_cannot_record_a_late_start(fleet: Fleet, monkeypatch: pytest.MonkeyPatch):
    """Another has begun it meanwhile: it stays with the other."""
    monkeypatch.setattr(start, "LATE_SECONDS", 1.0)
    account = await fleet.account()
    generation_id = await fleet.submit(account, "slow")
    async with fleet.working() as worker:
        await under_way(fleet, generation_id)
        await fleet.execute(StartGeneration(generation_id=generation_id, worker="another"))
        await fleet.world.rows("SELECT pg_sleep(1.5)")
        assert worker.running == 0
    assert await commands_of(fleet, generation_id) == [("requested",), ("started",)]
    assert (await fleet.generation(generation_id)).attempt == 1


async def test_a_drain_hands_back_what_was_not_recorded_yet(fleet: Fleet, unrecorded: None):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "slow")
    async with fleet.working(grace_seconds=0.2):
        await under_way(fleet, generation_id)
    assert await commands_of(fleet, generation_id) == [("requested",), ("started",), ("retrying",)]
    handed_back = await fleet.generation(generation_id)
    assert (handed_back.status, handed_back.attempts) == ("queued", 0)
    row = await fleet.work(generation_id)
    assert row is not None
    assert row["state"] == "ready"


async def test_what_must_begin_by_some_time_is_recorded_at_once(fleet: Fleet, unrecorded: None):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "instant", start_deadline=datetime.now(UTC) + timedelta(hours=1))
    async with fleet.working():
        await fleet.final(generation_id)
    assert await commands_of(fleet, generation_id) == [("requested",), ("started",), ("succeeded",)]
