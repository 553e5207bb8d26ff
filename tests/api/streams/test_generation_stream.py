"""The stream of one generation: what it is now, what follows, and its end."""

import pytest

from domain.generations.commands import RetryGeneration
from tests.support.event_stream import ids, listening
from tests.support.told_house import failed, start

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def timeline(house, person, generation_id):
    answer = await house.client.get(f"/v1/generations/{generation_id}/timeline", headers=person.headers)
    return answer.json()["data"]


async def test_a_stream_begins_with_what_the_generation_is_and_ends_with_its_end(house, alice):
    generation_id = await house.generation(alice)
    path = f"/v1/generations/{generation_id}/events"
    async with listening(house.client, path, alice.headers) as stream:
        (snapshot,) = await stream.read(until="snapshot")
        await start(house, generation_id)
        await failed(house, alice, generation_id)
        rest = await stream.rest()
    seen = await timeline(house, alice, generation_id)
    now = await house.client.get(f"/v1/generations/{generation_id}", headers=alice.headers)
    assert (snapshot.id, snapshot.data["data"]["status"], snapshot.data["data"]["id"]) == (None, "queued", str(generation_id))
    assert snapshot.data["data"]["queue_position"] == 1
    assert [(event.type, event.id) for event in rest] == [(each["type"], each["position"]) for each in seen[1:]]
    assert [event.type for event in rest] == ["generation.started", "generation.failed"]
    assert rest[-1].data == {
        "type": "generation.failed",
        "timestamp": seen[-1]["timestamp"],
        "position": rest[-1].id,
        "data": now.json(),
    }
    assert (stream.retry, stream.response.headers["x-accel-buffering"]) == (2000, "no")
    assert now.json()["urls"]["events"] == f"http://daybook.test{path}"


async def test_whoever_resumes_gets_a_snapshot_and_exactly_what_he_missed(house, alice):
    generation_id = await house.generation(alice)
    await start(house, generation_id)
    await house.execute(
        RetryGeneration(generation_id=generation_id, account_id=alice.account_id, attempt=1, code="overloaded", run_at=None)
    )
    await start(house, generation_id)
    seen = await timeline(house, alice, generation_id)
    path = f"/v1/generations/{generation_id}/events"
    for missed in range(len(seen)):
        last = seen[missed]["position"] - 1
        async with listening(house.client, path, {**alice.headers, "Last-Event-ID": str(last)}) as stream:
            (snapshot,) = await stream.read(until="snapshot")
            found = [await anext(stream.events) for _ in seen[missed:]]
        assert (snapshot.id, snapshot.data["data"]["status"]) == (None, "running")
        assert [(event.type, event.id) for event in found] == [(each["type"], each["position"]) for each in seen[missed:]]


async def test_whoever_comes_after_the_end_hears_it_and_whoever_knows_it_hears_nothing(house, alice):
    generation_id, _ = await house.finished(alice)
    end = (await timeline(house, alice, generation_id))[-1]["position"]
    path = f"/v1/generations/{generation_id}/events"
    async with listening(house.client, path, alice.headers) as stream:
        snapshot, final = await stream.rest()
    assert (snapshot.type, snapshot.id, snapshot.data["data"]["status"]) == ("snapshot", None, "succeeded")
    assert (final.type, final.id, final.data["data"]) == ("generation.succeeded", end, snapshot.data["data"])
    assert len(final.data["data"]["assets"]) == 1
    async with listening(house.client, path, alice.headers, last_event_id=end - 1) as stream:
        assert ids(await stream.rest()) == [end]
    again = await house.client.get(path, headers={**alice.headers, "Last-Event-ID": str(end)})
    assert (again.status_code, again.content) == (204, b"")


async def test_somebody_elses_stream_is_not_found(house, alice, bob):
    generation_id = await house.generation(alice)
    answer = await house.client.get(f"/v1/generations/{generation_id}/events", headers=bob.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "generation_not_found")


async def test_progress_is_told_as_it_is_and_leaves_the_last_id_alone(house, alice):
    generation_id = await house.generation(alice)
    path = f"/v1/generations/{generation_id}/events"
    async with listening(house.client, path, alice.headers) as stream:
        await stream.read(until="snapshot")
        await start(house, generation_id)
        await stream.read(until="generation.started")
        started = stream.last_id
        house.platform.progress.tell(generation_id, 0.25, account_id=alice.account_id)
        (told,) = await stream.read(until="generation.progress")
        assert (told.id, stream.last_id, told.data["position"]) == (None, started, started)
        assert (told.data["data"]["progress"], told.data["data"]["status"]) == (0.25, "running")
    async with listening(house.client, path, alice.headers) as stream:
        (snapshot,) = await stream.read(until="snapshot")
    assert snapshot.data["data"]["progress"] == 0.25
