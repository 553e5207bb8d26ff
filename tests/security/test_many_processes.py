"""Limits that several API processes keep together: what each counts alone would be passed by as many times as there are processes."""

import asyncio
import re
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from projections.assets.assets import MODEL as ASSETS
from projections.assets.assets import UPLOADED
from projections.schedules.schedules import COUNT
from projections.schedules.schedules import MODEL as SCHEDULES
from tests.support.api_house import open_house
from tests.support.media_files import media_file

SOUND = media_file("audio/mpeg", seconds=1.0)
QUOTA = 3 * len(SOUND) + 10
SCHEDULE = {"generation": {"kind": "image", "prompt": "a cat"}, "cron": "0 6 * * *", "time_zone": "UTC", "paused": True}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def houses(database_url, redis_url, database_folder):
    """Three processes' worth of the API on one database. Their projectors are three as well, and one of them leads."""
    settings = {"DAYBOOK_RATE_LIMITS": "off", "DAYBOOK_UPLOAD_QUOTA_BYTES": str(QUOTA)}
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_house(database_url, redis_url, database_folder, **settings)) for _ in range(3)]


async def statuses(houses, ask, count: int) -> list[int]:
    """What *count* requests at once are answered, spread over the processes."""
    answers = await asyncio.gather(*(ask(houses[number % len(houses)]) for number in range(count)))
    return sorted(answer.status_code for answer in answers)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_account_has_no_schedule_too_many_however_many_it_makes_at_once(houses, monkeypatch):
    monkeypatch.setattr("api.schedules.SCHEDULES_MAX", 4)
    person = await houses[0].person()

    async def ask(house):
        return await house.client.post("/v1/schedules", json=SCHEDULE, headers=person.headers)

    assert await statuses(houses, ask, 12) == [201] * 4 + [409] * 8
    listed = (await houses[1].client.get("/v1/schedules", headers=person.headers)).json()["data"]
    await houses[2].client.delete(f"/v1/schedules/{listed[0]['id']}", headers=person.headers)
    assert await statuses(houses, lambda house: house.client.post("/v1/schedules", json=SCHEDULE, headers=person.headers), 3) == [
        201,
        409,
        409,
    ]


@pytest.mark.asyncio(loop_scope="module")
async def test_uploads_pass_no_quota_however_many_arrive_at_once(houses):
    person = await houses[0].person()
    files = {"file": ("a.mp3", SOUND, "audio/mpeg")}
    found = await statuses(houses, lambda house: house.client.post("/v1/assets", files=files, headers=person.headers), 9)
    assert found == [201] * 3 + [409] * 6
    assert len((await houses[1].client.get("/v1/assets", headers=person.headers)).json()["data"]) == 3
    # What was refused left nothing behind: an original and a thumbnail of each.
    kept = [found.key async for found in houses[0].platform.objects.list("assets/")]
    assert len(kept) == 2 * 3


@pytest.mark.parametrize(("sql", "model"), [(UPLOADED, ASSETS), (COUNT, SCHEDULES)])
def test_what_is_counted_at_the_end_of_the_log_begins_where_the_live_read_model_ends(sql, model):
    assert f"name = '{model.name}' AND version = {model.version} AND place = 'read'" in sql
    assert re.search(rf"read\.{model.tables[0]}\b", sql)
