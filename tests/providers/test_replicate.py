"""Replicate, beyond what holds for every adapter: what is asked, large inputs, output of any shape, and where the key goes."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.providers.jobs import Input, Job, Parked, ProviderFailure, Result
from infra.outgoing.http import PinnedHttp
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import KEY, PICTURE, job_of
from tests.support.providers.cases.replicate import FIELDS, make
from tests.support.providers.replicate_server import ID, ReplicateServer
from workers.providers.replicate.provider import ReplicateProvider


@pytest.fixture
def server() -> Iterator[ReplicateServer]:
    with ReplicateServer() as running:
        yield running


def adapter(server: ReplicateServer) -> ReplicateProvider:
    return make(server, outgoing=PinnedHttp(allow=[server.authority], seconds=5), api_key=KEY)


def job(upstream: str = "owner/name", **fields: Any) -> Job:
    return job_of("image", upstream=upstream, **({"adapter": {"fields": FIELDS}} | fields))


async def test_an_official_model_has_a_path_and_every_other_a_version(server: ReplicateServer):
    made = adapter(server)
    await made.submit(job(params={"size": "1344x768", "count": 2, "seed": 7, "negative_prompt": "dogs"}), "https://daybook.example/cb")
    await made.submit(job("owner/name:5c7d5dc6"), None)
    await made.submit(job("5c7d5dc6dd8bf75c"), None)
    first, second, third = server.asked("submit")
    assert first.path == "/v1/models/owner/name/predictions"
    assert first.body == {
        "input": {"prompt": "a cat\nAvoid: dogs.", "aspect_ratio": "16:9", "num_outputs": 2, "seed": 7},
        "webhook": "https://daybook.example/cb",
        "webhook_events_filter": ["completed"],
    }
    assert (second.path, second.body["version"]) == ("/v1/predictions", "owner/name:5c7d5dc6")
    assert (third.path, third.body) == ("/v1/predictions", {"version": "5c7d5dc6dd8bf75c", "input": {"prompt": "a cat"}})
    await made.close()


async def test_small_inputs_go_along_and_large_ones_by_their_file_store(server: ReplicateServer):
    made = adapter(server)
    large = Input(data=b"\x89PNG" + bytes(300_000), content_type="image/png")
    fields = {"prompt": "prompt", "inputs": "image_input[]", "mask": "mask"}
    await made.submit(job_of("image_edit", upstream="owner/name", adapter={"fields": fields}, inputs=[PICTURE, large], mask=PICTURE), None)
    told = server.asked("submit")[0].body["input"]
    assert told["image_input"][0].startswith("data:image/png;base64,iVBOR")
    assert told["image_input"][1] == f"{server.url}/files/f1"
    assert told["mask"] == told["image_input"][0]
    assert large.data in server.asked("upload")[0].sent
    await made.close()


async def test_an_upload_that_fails_costs_nothing(server: ReplicateServer):
    made = adapter(server)
    large = Input(data=bytes(300_000), content_type="image/png")
    for mood in ("list", "drop", "status 500"):
        server.behave(mood, at="upload")
        with pytest.raises(ProviderFailure) as failure:
            await made.submit(job(inputs=[large]), None)
        assert failure.value.retryable, mood
    assert server.asked("submit") == []
    await made.close()


async def test_an_upload_that_takes_too_long_is_no_lost_submit(server: ReplicateServer):
    made = adapter(server)
    server.behave("silent", at="upload")
    with pytest.raises(ProviderFailure) as failure:
        await made.submit(job(inputs=[Input(data=bytes(300_000), content_type="image/png")], timeout_seconds=0.2), None)
    assert (failure.value.code, failure.value.retryable) == ("timeout", True)
    assert server.asked("submit") == []
    await made.close()


@pytest.mark.parametrize("mood", ["one link", "output of its own shape"])
async def test_output_may_have_any_shape(server: ReplicateServer, mood: str):
    made = adapter(server)
    parked = await made.submit(job(), None)
    server.behave(mood, at="poll")
    result = await made.poll(job(), parked)
    assert isinstance(result, Result)
    assert ([each.data for each in result.artefacts], result.usage) == ([PIXEL], {"item": 1})
    await made.close()


async def test_the_urls_in_an_answer_are_not_followed(server: ReplicateServer):
    """They carry the key to wherever they point."""
    with ReplicateServer() as thief:
        server.elsewhere = thief.origin
        made = adapter(server)
        parked = await made.submit(job(), None)
        assert parked.upstream_id == ID and thief.origin not in str(parked.data)
        await made.poll(job(), parked)
        await made.cancel(job(), parked)
        assert thief.requests == []
        assert server.asked("cancel")[0].path == f"/v1/predictions/{ID}/cancel"
        with pytest.raises(ProviderFailure):
            await made.poll(job(), Parked(upstream_id="../account"))
        await made.close()
