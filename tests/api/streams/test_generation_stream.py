"""The stream of one generation: what it is now, what follows, and its end; of a text every word, once.

Snapshot and deltas of a text join without loss or doubling, whenever a reader comes and whatever gets lost on the way.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest
import redis.asyncio

from api.reading import folded_generation
from api.streams import generation as streamed
from domain.generations.commands import FinishCancel, RetryGeneration
from infra.telling import wire
from infra.telling.voices import RedisSaying
from tests.support.event_stream import ids, listening
from tests.support.told_house import failed, start, text_generation, written

pytestmark = pytest.mark.asyncio(loop_scope="module")
STORY = [f"Word {number}, ärger — " for number in range(40)]


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


async def test_every_entry_of_the_timeline_is_told(house, alice):
    generation_id = await house.generation(alice)
    await start(house, generation_id)
    path = f"/v1/generations/{generation_id}/events"
    async with listening(house.client, path, alice.headers, last_event_id=0) as stream:
        asked = await house.client.post(f"/v1/generations/{generation_id}/cancel", headers=alice.headers)
        await house.execute(FinishCancel(generation_id=generation_id, account_id=alice.account_id, attempt=1, delivered_price=0))
        told = await stream.rest()
    shown = [(each["type"], each["position"]) for each in await timeline(house, alice, generation_id)]
    assert [(event.type, event.id) for event in told[1:]] == shown
    assert [type_.partition(".")[2] for type_, _ in shown] == ["queued", "started", "cancel_requested", "canceled"]
    requested = told[3].data["data"]
    assert (asked.status_code, requested) == (202, asked.json())


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


async def test_what_the_snapshot_has_is_not_told_again_when_it_happened_just_before(house, alice, monkeypatch):
    generation_id = await house.generation(alice)

    async def folded_a_moment_later(call, id):
        await start(house, id)
        await failed(house, alice, id)
        return await folded_generation(call, id)

    monkeypatch.setattr(streamed, "folded_generation", folded_a_moment_later)
    async with listening(house.client, f"/v1/generations/{generation_id}/events", alice.headers) as stream:
        snapshot, final = await stream.rest()
    assert (snapshot.type, snapshot.data["data"]["status"], final.type) == ("snapshot", "failed", "generation.failed")
    assert snapshot.data["position"] == final.id


async def test_what_happens_just_after_the_snapshot_is_told_once(house, alice, monkeypatch):
    generation_id = await house.generation(alice)
    stream_of, calls = house.platform.journal.stream, []

    async def read_a_moment_later(id):
        if not calls:
            calls.append(id)
            await start(house, id)
            await failed(house, alice, id)
        return await stream_of(id)

    monkeypatch.setattr(house.platform.journal, "stream", read_a_moment_later)
    async with listening(house.client, f"/v1/generations/{generation_id}/events", alice.headers) as stream:
        told = await stream.rest()
    assert [event.type for event in told] == ["snapshot", "generation.started", "generation.failed"]
    assert (told[0].data["data"]["status"], calls) == ("queued", [generation_id])


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


@asynccontextmanager
async def speaking(house, redis_url, person, generation_id, *, attempt=1):
    """A worker's voice for the text."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        key = await house.platform.vault.key(person.account_id)
        yield RedisSaying(client).voice(generation_id, account_id=person.account_id, attempt=attempt, key=key)


def joined(text, events):
    """What a reader has who puts each piece where it says."""
    for event in events:
        if event.type == "generation.text_delta":
            assert event.id is None
            text = text[: event.data["data"]["offset"]] + event.data["data"]["text"]
    return text


def doubled(text, events):
    """What a reader has who only appends."""
    return text + "".join(event.data["data"]["text"] for event in events if event.type == "generation.text_delta")


async def until_it_reads(stream, text, whole):
    """Read on until the joined text is *whole*."""
    events = []
    async with asyncio.timeout(10):
        while joined(text, events) != whole:
            events.append(await anext(stream.events))
    return events


async def test_a_reader_who_comes_in_the_middle_has_all_of_it_once(house, redis_url, alice):
    generation_id = await text_generation(house, alice)
    path = f"/v1/generations/{generation_id}/events"
    async with speaking(house, redis_url, alice, generation_id) as voice, listening(house.client, path, alice.headers) as early:
        (first,) = await early.read(until="snapshot")
        assert (first.data["data"]["output"], first.data["data"]["status"]) == (None, "running")
        for word in STORY[:20]:
            voice.say(word)
        half = "".join(STORY[:20])
        read = await until_it_reads(early, "", half)
        async with listening(house.client, path, alice.headers) as late:
            (snapshot,) = await late.read(until="snapshot")
            assert snapshot.data["data"]["output"] == {"text": half, "finish_reason": None}
            for word in STORY[20:]:
                voice.say(word)
            await voice.end()
            await written(house, alice, generation_id, "".join(STORY))
            rest_of_late, rest_of_early = await late.rest(), await early.rest()
    whole = "".join(STORY)
    assert joined(half, rest_of_late) == doubled(half, rest_of_late) == whole
    assert joined("", read + rest_of_early) == doubled("", read + rest_of_early) == whole
    assert [rest[-1].type for rest in (rest_of_late, rest_of_early)] == ["generation.succeeded"] * 2
    assert rest_of_late[-1].data["data"]["output"] == {"text": whole, "finish_reason": "stop"}


async def test_what_was_never_heard_comes_from_what_is_kept(house, redis_url, alice, monkeypatch):
    generation_id = await text_generation(house, alice)
    nobody = house.platform.ids.new()
    async with (
        redis.asyncio.Redis.from_url(redis_url) as client,
        speaking(house, redis_url, alice, generation_id) as voice,
        listening(house.client, f"/v1/generations/{generation_id}/events", alice.headers) as stream,
    ):
        await stream.read(until="snapshot")
        with monkeypatch.context() as patch:
            # Kept, but told on a channel that nobody hears.
            patch.setattr(wire, "channel_of", lambda account_id: f"telling:{nobody}")
            voice.say("Once upon a time ")
            async with asyncio.timeout(10):
                while not await client.llen(wire.text_key(generation_id, 1)):
                    """It is written soon."""
        voice.say("there was a lighthouse.")
        events = await until_it_reads(stream, "", "Once upon a time there was a lighthouse.")
    assert doubled("", events) == "Once upon a time there was a lighthouse."


async def test_the_end_of_a_text_that_redis_lost_comes_with_its_end(house, redis_url, alice):
    generation_id = await text_generation(house, alice)
    async with (
        speaking(house, redis_url, alice, generation_id) as voice,
        listening(house.client, f"/v1/generations/{generation_id}/events", alice.headers) as stream,
    ):
        await stream.read(until="snapshot")
        voice.say("Once upon a time ")
        read = await until_it_reads(stream, "", "Once upon a time ")
        await written(house, alice, generation_id, "Once upon a time there was a lighthouse.")
        rest = await stream.rest()
    assert [event.type for event in rest] == ["generation.text_delta", "generation.succeeded"]
    assert doubled("", read + rest) == "Once upon a time there was a lighthouse."


async def test_another_attempt_begins_anew_and_the_old_one_is_heard_no_more(house, redis_url, alice):
    generation_id = await text_generation(house, alice)
    async with listening(house.client, "/v1/events", alice.headers) as stream, speaking(house, redis_url, alice, generation_id) as old:
        old.say("A first try")
        read = await until_it_reads(stream, "", "A first try")
        again = RetryGeneration(generation_id=generation_id, account_id=alice.account_id, attempt=1, code="overloaded", run_at=None)
        await house.execute(again)
        await start(house, generation_id)
        async with speaking(house, redis_url, alice, generation_id, attempt=2) as new:
            new.say("Another ")
            read += await until_it_reads(stream, "A first try", "Another ")
            old.say(" of somebody who was given up")
            await old.end()
            new.say("try")
            read += await until_it_reads(stream, "Another ", "Another try")
    assert [event.type for event in read if event.id is not None] == ["generation.retrying", "generation.started"]
    assert joined("", read) == "Another try"


async def test_what_lies_in_redis_is_sealed_and_goes_by_itself(house, redis_url, alice):
    generation_id = await text_generation(house, alice)
    async with speaking(house, redis_url, alice, generation_id) as voice, redis.asyncio.Redis.from_url(redis_url) as client:
        voice.say("the secret of the lighthouse")
        await asyncio.sleep(0)
        await voice.end()
        key = wire.text_key(generation_id, 1)
        kept = b"".join(await client.lrange(key, 0, -1))
        assert b"s1." in kept and b"lighthouse" not in kept
        assert 0 < await client.ttl(key) <= wire.KEPT_AFTER_END_SECONDS
