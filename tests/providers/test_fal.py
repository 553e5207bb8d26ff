"""fal, beyond what holds for every adapter: its URLs, what a completed request may be, and the keys that its callbacks are signed with."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from daybook.callbacks import AdapterHearing
from domain.providers.jobs import Parked, ProviderFailure, Result, Running
from infra.outgoing.http import PinnedHttp
from tests.support.eventually import eventually
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import KEY, NOON, PICTURE, job_of
from tests.support.providers.cases.fal import AT, BODY, FIELDS
from tests.support.providers.fal_server import ID, SIGNER, STRANGER, FalServer, jwks, signed
from workers.providers.fal.callbacks import FRESH_SECONDS, PAUSE_SECONDS, PublishedKeys, keys_of
from workers.providers.fal.provider import FalProvider

JOB = job_of("image", upstream="owner/app/sub", params={"size": "1024x1024"}, adapter={"fields": FIELDS})


@pytest.fixture
def server() -> Iterator[FalServer]:
    with FalServer() as running:
        yield running


def adapter(server: FalServer) -> FalProvider:
    outgoing = PinnedHttp(allow=[server.authority], seconds=5)
    return FalProvider(base_url=server.origin, api_key=KEY, outgoing=outgoing, jwks_url=f"{server.origin}/.well-known/jwks.json")


async def test_the_queue_is_asked_by_path_and_followed_by_its_own_urls(server: FalServer):
    made = adapter(server)
    fields = {"prompt": "prompt", "size": "image_size", "inputs": "image_urls[]", "mask": "mask_url", "duration": "duration"}
    job = job_of(
        "image_edit",
        upstream="owner/app/sub",
        params={"size": "512x512", "duration": 5},
        adapter={"fields": fields, "shown": {"duration": "{}s"}, "body": {"enable_safety_checker": True}},
        inputs=[PICTURE],
        mask=PICTURE,
    )
    parked = await made.submit(job, "https://daybook.example/cb?x=1&y=2")
    asked = server.asked("submit")[0]
    assert (asked.path, asked.query) == ("/owner/app/sub", "fal_webhook=https%3A%2F%2Fdaybook.example%2Fcb%3Fx%3D1%26y%3D2")
    assert asked.body["image_urls"] == [asked.body["mask_url"]] and asked.body["mask_url"].startswith("data:image/png;base64,")
    assert {name: asked.body[name] for name in ("prompt", "image_size", "duration", "enable_safety_checker")} == {
        "prompt": "a cat", "image_size": "512x512", "duration": "5s", "enable_safety_checker": True,
    }  # fmt: skip
    await made.poll(job, parked)
    assert server.asked("poll")[0].path == f"/owner/app/requests/{ID}/status"
    await made.cancel(job, parked)
    assert (server.asked("cancel")[0].method, server.asked("cancel")[0].path) == ("PUT", f"/owner/app/requests/{ID}/cancel")
    await made.close()


@pytest.mark.parametrize(
    ("mood", "code", "retryable"),
    [
        ("all black", "content_rejected", False),
        ("blocked", "content_rejected", False),
        ("empty", "no_output", True),
        ("faulty input", "invalid_request", False),
    ],
)
async def test_a_completed_request_may_have_failed_in_its_response(server: FalServer, mood: str, code: str, retryable: bool):
    made = adapter(server)
    parked = await made.submit(JOB, None)
    server.behave(mood, at="response")
    with pytest.raises(ProviderFailure) as failure:
        await made.poll(JOB, parked)
    assert (failure.value.code, failure.value.retryable) == (code, retryable)
    await made.close()


async def test_a_response_that_is_lost_is_read_again(server: FalServer):
    made = adapter(server)
    parked = await made.submit(JOB, None)
    for mood in ("drop", "truncated", "status 503", "list", "limited"):
        server.behave(mood, at="response")
        running = await made.poll(JOB, parked)
        assert isinstance(running, Running), mood
        assert (running.poll_seconds == 7) == (mood == "limited")
    server.behave("well", at="response")
    result = await made.poll(JOB, parked)
    # What stands in the echoed prompt is no result.
    assert isinstance(result, Result) and [each.data for each in result.artefacts] == [PIXEL]
    assert len(server.asked("submit")) == 1
    await made.close()


async def test_what_was_parked_at_another_base_url_is_not_asked_with_this_key(server: FalServer):
    made = adapter(server)
    for data in ({}, {"status_url": "https://elsewhere.example/status"}):
        with pytest.raises(ProviderFailure):
            await made.poll(JOB, Parked(upstream_id=ID, data=data))
    assert server.requests == []
    await made.close()


async def test_keys_are_read_once_and_nothing_is_believed_before(server: FalServer):
    made = adapter(server)
    headers = signed(SIGNER, AT, BODY)
    assert [made.heard(headers, BODY, now=NOON) for _ in range(3)] == [False] * 3
    await eventually(lambda: made.heard(headers, BODY, now=NOON))
    assert not made.heard(signed(STRANGER, AT, BODY), BODY, now=NOON)
    assert len(server.asked("keys")) == 1
    assert KEY not in str(server.asked("keys")[0].headers)
    await made.close()


async def test_whoever_can_wait_has_the_keys_for_the_first_callback(server: FalServer):
    hearing = AdapterHearing(lambda: {"fal": adapter(server)})
    assert await hearing.believed("fal", signed(SIGNER, AT, BODY), BODY, now=NOON)
    assert not await hearing.believed("fal", signed(STRANGER, AT, BODY), BODY, now=NOON)
    assert len(server.asked("keys")) == 1
    await hearing.close()


async def test_keys_that_cannot_be_read_are_asked_for_again_after_a_pause(server: FalServer):
    made = adapter(server)
    server.behave("status 500", at="keys")
    headers = signed(SIGNER, AT, BODY)
    assert not made.heard(headers, BODY, now=NOON)
    await eventually(lambda: len(server.asked("keys")) == 1)
    await asyncio.gather(*(asyncio.to_thread(lambda: None) for _ in range(3)))
    assert not any(made.heard(headers, BODY, now=NOON) for _ in range(20))
    assert len(server.asked("keys")) == 1
    await made.close()


async def test_keys_last_a_day_and_are_changed_by_reading_them_again(server: FalServer):
    clock = [0.0]
    keys = PublishedKeys(
        PinnedHttp(allow=[server.authority]), f"{server.origin}/.well-known/jwks.json", monotonic=lambda: clock[0]
    )  # fmt: skip
    assert keys.stale
    await keys.read()
    assert not keys.stale
    assert keys.signed(signed(SIGNER, AT, BODY), BODY, now=NOON)
    clock[0] = FRESH_SECONDS + 1
    assert keys.stale
    keys.learn({"keys": []})
    assert keys.signed(signed(SIGNER, AT, BODY), BODY, now=NOON), "an empty set changes nothing"
    keys.learn(jwks(STRANGER))
    assert not keys.signed(signed(SIGNER, AT, BODY), BODY, now=NOON)
    assert keys.signed(signed(STRANGER, AT, BODY), BODY, now=NOON)
    clock[0] += 2 * FRESH_SECONDS + PAUSE_SECONDS
    assert not keys.signed(signed(STRANGER, AT, BODY), BODY, now=NOON), "keys that nobody could read for two days"


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"keys": None}, {"keys": [None, {}, {"x": 5}, {"x": "é"}, {"x": "AAAA"}, {"x": "!" * 43}, {"x": "A" * 80}]}],
)
def test_odd_key_sets_have_no_keys(document: Any):
    assert keys_of(document) == []
