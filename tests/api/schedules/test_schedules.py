"""Schedules over HTTP, and their moments as a scheduler finds them."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api import schedules as schedules_api
from daybook.bootstrap import worker_platform
from daybook.settings import load
from domain.schedules.commands import ChangeSchedule, FireSchedule
from domain.schedules.schedule import Schedule
from infra.erasure.erasures import PostgresErasures
from tests.support.api_house import house_environment
from tests.support.api_words import CAT, problem
from tests.support.fleet import running
from workers.erasure.eraser import Eraser
from workers.scheduler import Scheduler

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAILY = {"generation": CAT, "cron": "30 6 * * *", "time_zone": "Europe/Berlin"}


async def create(house, person, headers=None, **fields):
    return await house.client.post("/v1/schedules", json={**DAILY, **fields}, headers={**person.headers, **(headers or {})})


async def read(house, person, schedule):
    return (await house.client.get(f"/v1/schedules/{schedule['id']}", headers=person.headers)).json()


def due(schedule):
    return datetime.fromisoformat(schedule["next_at"])


async def test_a_schedule_says_when_it_comes_next(house, alice):
    answer = await create(house, alice, {"Idempotency-Key": "daily"})
    assert answer.status_code == 201, answer.text
    schedule = answer.json()
    assert schedule.keys() == {
        *("id", "generation", "cron", "time_zone", "paused", "next_at", "runs", "last_run", "created_at", "updated_at", "position")
    }
    assert schedule["generation"]["prompt"] == CAT["prompt"]
    assert (schedule["runs"], schedule["last_run"], schedule["paused"]) == (0, None, False)
    assert timedelta(0) < due(schedule) - datetime.now(UTC) <= timedelta(hours=25)
    assert due(schedule).minute == 30
    assert answer.headers["location"].endswith(f"/v1/schedules/{schedule['id']}")
    again = await create(house, alice, {"Idempotency-Key": "daily"})
    assert again.content == answer.content
    assert await read(house, alice, schedule) == schedule
    listed = (await house.client.get("/v1/schedules", headers=alice.headers)).json()
    assert listed == {"data": [schedule], "next_cursor": None}


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"cron": "61 * * * *"}, "cron_refused", "/cron"),
        ({"cron": "* * * *"}, "cron_refused", "/cron"),
        ({"cron": "0 0 30 2 *"}, "cron_refused", "/cron"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone_unknown", "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone_unknown", "/time_zone"),
        ({"time_zone": "localtime"}, "time_zone_unknown", "/time_zone"),
        ({"time_zone": "posix/Europe/Berlin"}, "time_zone_unknown", "/time_zone"),
        ({"generation": {**CAT, "model": "gone"}}, "model_not_found", "/generation/model"),
        ({"generation": {**CAT, "kind": "image", "params": {"size": "1x1"}}}, "params_refused", "/generation/params/size"),
        ({"generation": {**CAT, "run_at": "2030-01-01T00:00:00Z"}}, "validation_failed", "/generation/run_at"),
    ],
)
async def test_what_cannot_recur_is_refused_with_the_place_of_the_fault(house, alice, fields, code, pointer):
    answer = await create(house, alice, **fields)
    assert problem(answer, 422, code)["errors"][0]["pointer"] == pointer


async def test_it_can_be_paused_changed_resumed_and_ended(house, bob, alice):
    schedule = (await create(house, bob)).json()
    path = f"/v1/schedules/{schedule['id']}"
    problem(await house.client.get(path, headers=alice.headers), 404, "schedule_not_found")
    problem(await house.client.patch(path, json={"paused": True}, headers=alice.headers), 404, "schedule_not_found")
    paused = (await house.client.patch(path, json={"paused": True}, headers=bob.headers)).json()
    assert (paused["paused"], paused["next_at"]) == (True, None)
    resumed = (await house.client.patch(path, json={"paused": False, "cron": "0 * * * *"}, headers=bob.headers)).json()
    assert due(resumed) - datetime.now(UTC) <= timedelta(hours=1)
    other = {**CAT, "prompt": "a dog"}
    assert (await house.client.patch(path, json={"generation": other}, headers=bob.headers)).json()["generation"]["prompt"] == "a dog"
    assert (await house.client.delete(path, headers=bob.headers)).status_code == 204
    problem(await house.client.get(path, headers=bob.headers), 404, "schedule_not_found")
    assert (await house.client.get("/v1/schedules", headers=bob.headers)).json()["data"] == []


async def test_a_change_that_meets_a_firing_does_not_bring_its_moment_back(house, alice, monkeypatch):
    """The moment was dealt with: a schedule that waited for it again would wait for ever."""
    schedule = (await create(house, alice)).json()
    moment, later = due(schedule), due(schedule) + timedelta(days=1)
    checked, fired = schedules_api._checked, []

    async def meanwhile(call, asked):
        if not fired:
            fired.append(
                await house.execute(
                    FireSchedule(
                        schedule_id=UUID(schedule["id"]), account_id=alice.account_id, due_at=moment, next_at=later, request=None, code="x"
                    )
                )
            )
        return await checked(call, asked)

    monkeypatch.setattr(schedules_api, "_checked", meanwhile)
    path = f"/v1/schedules/{schedule['id']}"
    answer = await house.client.patch(path, json={"generation": {**CAT, "prompt": "a dog"}}, headers=alice.headers)
    assert answer.status_code == 200, answer.text
    assert (due(answer.json()), answer.json()["generation"]["prompt"]) == (later, "a dog")
    # Nor does other times that begin with the same moment.
    answer = await house.client.patch(path, json={"time_zone": "Europe/Vienna"}, headers=alice.headers)
    assert due(answer.json()) == later
    await house.client.delete(path, headers=alice.headers)


async def test_an_account_has_a_bounded_number(house, monkeypatch):
    monkeypatch.setattr("api.schedules.SCHEDULES_MAX", 2)
    person = await house.person()
    assert [(await create(house, person)).status_code for _ in range(2)] == [201, 201]
    problem(await create(house, person), 409, "too_many_schedules")


async def test_however_many_schedulers_ask_once_and_a_moment_without_credits_is_passed_over(house, schedulers):
    person = await house.person(credits=7)
    schedule = (await create(house, person)).json()
    async with schedulers(3):
        moment = await come(house, person, schedule)
        fired = await seen(house, person, schedule, lambda found: found["last_run"] is not None)
        assert (fired["runs"], fired["last_run"]["code"], datetime.fromisoformat(fired["last_run"]["due_at"])) == (1, None, moment)
        made = (await house.client.get(f"/v1/generations/{fired['last_run']['generation_id']}", headers=person.headers)).json()
        assert (made["schedule_id"], made["prompt"], made["credits"]["held"]) == (schedule["id"], CAT["prompt"], 5)
        # The next moment is the schedule's own again: what was missed meanwhile is passed over.
        assert due(fired) == due(schedule)
        await come(house, person, schedule)
        over = await seen(house, person, schedule, lambda found: found["last_run"]["code"] is not None)
    assert (over["runs"], over["last_run"]["code"], over["last_run"]["generation_id"]) == (1, "insufficient_credits", None)
    facts = await house.platform.journal.stream(UUID(schedule["id"]))
    assert [fact.topic.removeprefix("schedules.") for fact in facts] == ["created", "changed", "fired", "changed", "fired"]


async def test_one_that_cannot_be_read_keeps_no_other_waiting(house, schedulers):
    person, other = await house.person(), await house.person()
    broken, sound = (await create(house, person)).json(), (await create(house, other)).json()
    await come(house, person, broken, sealed="not what was sealed")
    await come(house, other, sound)
    async with schedulers(1):
        fired = await seen(house, other, sound, lambda found: found["last_run"] is not None)
    assert (fired["runs"], fired["last_run"]["code"]) == (1, None)
    await house.client.delete(f"/v1/schedules/{broken['id']}", headers=person.headers)


async def test_the_schedule_of_somebody_who_was_erased_ends(house, schedulers):
    person = await house.person(password="correct horse")
    schedule = (await create(house, person)).json()
    asked = await house.client.post("/v1/me/erasure", json={"password": "correct horse"}, headers=person.headers)
    assert asked.status_code == 202, asked.text
    await Eraser(house.platform, PostgresErasures(house.platform.reads), "eraser").run()
    await come(house, person, schedule)
    async with schedulers(2), asyncio.timeout(20):
        while not (await house.platform.journal.load(Schedule, UUID(schedule["id"]))).deleted:
            await asyncio.sleep(0.05)
    facts = await house.platform.journal.stream(UUID(schedule["id"]))
    assert [fact.topic.removeprefix("schedules.") for fact in facts] == ["created", "changed", "deleted"]


async def seen(house, person, schedule, holds):
    """The schedule, as soon as *holds* is true of it."""
    async with asyncio.timeout(20):
        while not holds(found := await read(house, person, schedule)):
            await asyncio.sleep(0.05)
    return found


async def come(house, person, schedule, **changed):
    """Its next moment is now."""
    found = await house.platform.journal.load(Schedule, UUID(schedule["id"]))
    moment = house.platform.clock.now()
    stated = {name: getattr(found, name) for name in ("account_id", "kind", "model", "sealed", "cron", "time_zone", "paused")}
    await house.execute(ChangeSchedule(schedule_id=found.id, next_at=moment, **stated | changed))
    return moment


@pytest.fixture
def schedulers(house, database_url, redis_url, database_folder):
    @asynccontextmanager
    async def run(count):
        settings = load(house_environment(database_url, redis_url, database_folder))
        async with AsyncExitStack() as stack:
            for _ in range(count):
                platform = await stack.enter_async_context(worker_platform(settings, "scheduler"))
                await stack.enter_async_context(running(Scheduler(platform).run))
            yield

    return run
