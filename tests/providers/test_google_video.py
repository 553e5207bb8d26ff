"""What Google's videos are asked for, and how a clip is read. What every adapter must do stands in tests/contracts/providers."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from domain.providers.jobs import Job, Parked, ProviderFailure, Result, Running
from infra.outgoing.http import PinnedHttp
from tests.support.providers.case import KEY, PICTURE, changed, job_of
from tests.support.providers.google_video_server import CLIP, FILE, INTERACTION, GoogleVideoServer
from workers.providers.google_video.interactions import file_in, taken
from workers.providers.google_video.provider import GoogleVideoProvider

PARAMS = {"duration": 8, "quality": "1080p", "aspect_ratio": "9:16"}


@pytest.fixture
def server() -> Iterator[GoogleVideoServer]:
    with GoogleVideoServer() as running:
        yield running


@pytest.fixture
async def google(server: GoogleVideoServer) -> AsyncIterator[GoogleVideoProvider]:
    made = GoogleVideoProvider(base_url=server.url, api_key=KEY, outgoing=PinnedHttp())
    yield made
    await made.close()


def veo(**adapter: Any) -> Job:
    return job_of("video", upstream="veo-1", params=PARAMS, adapter=adapter, negative_prompt="rain")


def omni(**adapter: Any) -> Job:
    return job_of("video", upstream="omni-1", params=PARAMS, adapter={"protocol": "interactions"} | adapter)


async def test_an_operation_is_asked_for_in_the_spelling_of_its_row(server: GoogleVideoServer, google: GoogleVideoProvider):
    await google.submit(veo(), "https://daybook.example/callback")
    parameters = {"personGeneration": "allow_adult"}
    spelling = veo(seconds="text", pictures="inline", sends=["duration", "negative_prompt"], parameters=parameters)
    await google.submit(changed(spelling, inputs=[PICTURE, PICTURE]), None)
    await google.submit(changed(veo(), inputs=[PICTURE] * 3), None)
    plain, spelled, drawn = [request.body for request in server.requests]
    assert plain == {
        "instances": [{"prompt": "a cat\nAvoid: rain."}],
        "parameters": {"aspectRatio": "9:16", "durationSeconds": 8, "resolution": "1080p"},
    }
    assert spelled["parameters"] == {"durationSeconds": "8", "negativePrompt": "rain"} | parameters
    assert spelled["instances"][0]["prompt"] == "a cat"
    assert [spelled["instances"][0][name]["inlineData"]["mimeType"] for name in ("image", "lastFrame")] == ["image/png"] * 2
    assert [each["referenceType"] for each in drawn["instances"][0]["referenceImages"]] == ["asset"] * 3
    assert drawn["instances"][0]["referenceImages"][0]["image"]["mimeType"] == "image/png"


async def test_more_pictures_than_the_model_takes_are_not_sent(server: GoogleVideoServer, google: GoogleVideoProvider):
    with pytest.raises(ProviderFailure) as failure:
        await google.submit(changed(veo(), inputs=[PICTURE] * 4), None)
    assert (failure.value.code, server.requests) == ("invalid_request", [])


async def test_an_interaction_says_the_length_in_words(server: GoogleVideoServer, google: GoogleVideoProvider):
    await google.submit(omni(format={"delivery": "inline"}), None)
    await google.submit(changed(omni(), inputs=[PICTURE]), None)
    words, pictured = [request.body for request in server.requests]
    assert words == {
        "model": "omni-1",
        "input": "a cat\nLength: 8 seconds.",
        "response_format": {"type": "video", "delivery": "inline", "aspect_ratio": "9:16", "resolution": "1080p"},
        "generation_config": {"video_config": {"task": "text_to_video"}},
        "background": True,
    }
    assert [part["type"] for part in pictured["input"]] == ["text", "image"]
    assert pictured["generation_config"]["video_config"]["task"] == "image_to_video"


async def test_a_file_that_is_not_active_yet_is_waited_for(server: GoogleVideoServer, google: GoogleVideoProvider):
    parked = await google.submit(omni(), None)
    ready = dict(server.MOODS)
    server.MOODS = ready | {"processing": lambda h: h.json(200, {"state": "PROCESSING"}) if "files" in h.path else server.well(h)}
    server.behave("processing", at="poll")
    assert await google.poll(omni(), parked) == Running()
    server.behave("well", at="poll")
    assert isinstance(await google.poll(omni(), parked), Result)
    assert [request.path for request in server.asked("download")] == [f"/v1beta/files/{FILE}:download", f"/blob/{FILE}"]


async def test_the_file_that_the_submit_named_is_read_whatever_a_later_look_says(server: GoogleVideoServer, google: GoogleVideoProvider):
    server.behave("named at once", at="submit")
    parked = await google.submit(omni(), None)
    assert parked == Parked(upstream_id=INTERACTION, data={"file": FILE}, poll_seconds=10)
    server.MOODS = dict(server.MOODS) | {"inline later": lambda h: server.well(h) if "files" in h.path else server.MOODS["inline"](h)}
    server.behave("inline later", at="poll")
    result = await google.poll(omni(), parked)
    assert isinstance(result, Result) and len(server.asked("download")) == 2


async def test_a_clip_inside_the_answer_needs_no_download(server: GoogleVideoServer, google: GoogleVideoProvider):
    parked = await google.submit(omni(delivery="inline"), None)
    server.behave("inline", at="poll")
    result = await google.poll(omni(), parked)
    assert isinstance(result, Result)
    assert [(clip.data, clip.content_type) for clip in result.artefacts] == [(CLIP, "video/mp4")]
    assert server.asked("download") == []


async def test_an_id_that_leads_elsewhere_is_not_asked_for(server: GoogleVideoServer, google: GoogleVideoProvider):
    for name in ("../../v1/keys", "models/veo-1/operations/../../x", "models/veo-1/operations/op?x=1"):
        with pytest.raises(ProviderFailure):
            await google.poll(veo(), Parked(upstream_id=name))
    assert server.requests == []


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/files/xyz:download?alt=media", "xyz"),
        ("https://generativelanguage.googleapis.com/v1beta/files/a-b_1", "a-b_1"),
        ("gs://bucket/clip.mp4", None),
        ("https://x/files/..%2f", None),
    ],
)
def test_the_file_of_a_link(uri: str, file: str | None):
    assert file_in(uri) == file


def test_an_interaction_that_failed_at_once_is_parked_and_fails_when_it_is_looked_at():
    assert taken(b'{"id": "v1_a", "status": "failed", "error": {"code": 500}}') == ("v1_a", None)
