"""The stream of everything that is yours: exactly the log's events of the account, in its order, however often it is cut."""

import random

import pytest

from tests.support.event_stream import ids, listening
from tests.support.told_house import another_server, failed, public_positions, start

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/v1/events"
ONE_LIFE = ["credits.changed", "generation.queued", "generation.started", "generation.succeeded", "asset.created", "credits.changed"]


async def test_everything_is_told_in_order_with_the_objects_as_they_were(house, alice):
    async with listening(house.client, PATH, alice.headers) as stream:
        begin = int(stream.response.headers["daybook-position"])
        generation_id, asset_id = await house.finished(alice)
        told = [await anext(stream.events) for _ in ONE_LIFE]
    assert [event.type for event in told] == ONE_LIFE
    assert ids(told) == [position for position in await public_positions(house, alice) if position > begin]
    held, queued, started, succeeded, stored, captured = [event.data["data"] for event in told]
    assert [queued["status"], started["status"], succeeded["status"]] == ["queued", "running", "succeeded"]
    assert (succeeded["assets"], stored["id"]) == ([stored], str(asset_id))
    balances = [
        await house.client.get("/v1/credits/balance", headers=alice.headers, params={"as_of_position": event.id})
        for event in told
        if event.type == "credits.changed"
    ]
    assert [held, captured] == [answer.json() for answer in balances]
    for path, shown in ((f"/v1/generations/{generation_id}", succeeded), (f"/v1/assets/{asset_id}", stored)):
        assert (await house.client.get(path, headers=alice.headers)).json() == shown
    deleted = await house.client.delete(f"/v1/assets/{asset_id}", headers=alice.headers)
    async with listening(house.client, PATH, alice.headers, last_event_id=told[-1].id) as stream:
        (gone,) = await stream.read(until="asset.deleted")
    assert (gone.id, gone.data["data"]["id"]) == (int(deleted.headers["daybook-position"]), str(asset_id))


async def test_nobody_hears_of_others(house, alice, bob):
    async with listening(house.client, PATH, alice.headers) as stream:
        await house.generation(bob)
        own = await house.generation(alice)
        await stream.read(until="credits.changed")
        queued = await anext(stream.events)
    assert queued.data["data"]["id"] == str(own)


async def test_a_token_hears_what_it_may_read(house, alice):
    _, headers = await house.api_token(alice, "generations:read")
    async with listening(house.client, PATH, headers) as stream:
        await house.finished(alice)
        told = await stream.read(until="generation.succeeded")
        generation_id = await house.generation(alice)
        await start(house, generation_id)
        told += await stream.read(until="generation.started")
    assert {event.type.partition(".")[0] for event in told} == {"generation"}
    assert [event.type.partition(".")[2] for event in told] == ["queued", "started", "succeeded", "queued", "started"]
    _, headers = await house.api_token(alice, "credits:read")
    assert (await house.client.get(PATH, headers=headers)).json()["code"] == "scope_missing"


async def test_an_account_that_runs_low_is_told_once_before_the_change_with_its_id(house):
    carol = await house.person(credits=25)
    async with listening(house.client, PATH, carol.headers) as stream:
        for _ in range(5):
            await house.generation(carol)
        told = [await anext(stream.events) for _ in range(11)]
    types = [event.type for event in told if event.type.startswith("credits")]
    assert types == ["credits.changed"] * 4 + ["credits.low", "credits.changed"]
    low, changed = told[-3:-1]
    assert (low.id, low.data["position"], low.data["data"]) == (None, changed.id, changed.data["data"])
    assert changed.data["data"]["available"] == 0


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "", "99999999999", "9" * 19])
async def test_an_id_that_is_none_is_refused(house, alice, last):
    answers = [
        await house.client.get(PATH, headers={**alice.headers, "Last-Event-ID": last}),
        await house.client.get(PATH, headers=alice.headers, params={"last_event_id": last}),
        await house.client.get(f"/v1/generations/{await house.generation(alice)}/events", headers={**alice.headers, "Last-Event-ID": last}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, "position_unknown")] * 3


async def test_the_header_wins_over_the_address_which_a_browser_keeps(house, alice):
    await house.generation(alice)
    *_, before, last = await public_positions(house, alice)
    async with listening(house.client, PATH, {**alice.headers, "Last-Event-ID": str(before)}, last_event_id=0) as stream:
        assert (await anext(stream.events)).id == last


async def test_a_stream_has_no_head(house, alice):
    for path in (PATH, f"/v1/generations/{await house.generation(alice)}/events"):
        refused = await house.client.head(path, headers=alice.headers)
        asked = await house.client.options(path)
        assert (refused.status_code, asked.headers["allow"]) == (405, "GET, OPTIONS")


@pytest.mark.parametrize("cuts", [40])
async def test_nothing_is_lost_or_doubled_however_often_the_line_is_cut(house, cuts):
    """Two servers; the client is cut off after a random number of events and goes on at either, while generations live and end."""
    chance = random.Random(4711)
    dora = await house.person(credits=10_000)
    begin = (await public_positions(house, dora))[-1]
    received = []
    async with another_server(house) as (_, other):
        for _ in range(cuts):
            base = chance.choice(["", other])
            last = received[-1] if received else begin
            async with listening(house.client, base + PATH, {**dora.headers, "Last-Event-ID": str(last)}) as stream:
                generation_id = await house.generation(dora)
                if chance.random() < 0.7:
                    await start(house, generation_id)
                    await failed(house, dora, generation_id)
                behind = [position for position in await public_positions(house, dora) if position > last]
                for _ in range(chance.randint(0, len(behind))):
                    received.append((await anext(stream.events)).id)
        async with listening(house.client, PATH, {**dora.headers, "Last-Event-ID": str(received[-1])}) as stream:
            due = [position for position in await public_positions(house, dora) if position > begin]
            while received[-1] < due[-1]:
                received.append((await anext(stream.events)).id)
    assert received == due
