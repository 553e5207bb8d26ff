"""KIE, beyond what holds for every adapter: what is asked, uploads, what is refused before it costs a call, links within links."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.kernel import limits
from domain.providers.jobs import Job, ProviderFailure, Result, Running
from infra.outgoing.http import PinnedHttp
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import KEY, OWN_KEY, PICTURE, changed, job_of
from tests.support.providers.cases.kie import make
from tests.support.providers.kie_server import CLIP, TASK, KieServer
from workers.providers.kie.envelope import failure_of_job
from workers.providers.kie.provider import BASE_URL, KieProvider
from workers.providers.kie_runway.provider import KieRunwayProvider
from workers.providers.kie_veo.provider import KieVeoProvider

CLIP_JOB: dict[str, Any] = {"duration": 5, "quality": "720p", "aspect_ratio": "9:16"}


@pytest.fixture
def server() -> Iterator[KieServer]:
    with KieServer() as running:
        yield running


@pytest.fixture
def veo_server() -> Iterator[KieServer]:
    with KieServer("veo") as running:
        yield running


def adapter(server: KieServer, kind: type[KieProvider] = KieRunwayProvider) -> Any:
    return make(kind, server, outgoing=PinnedHttp(allow=[server.authority], seconds=5), api_key=KEY)


def runway_job(**fields: Any) -> Job:
    return job_of("video", upstream="runway", **({"params": CLIP_JOB} | fields))


def veo_job(upstream: str = "veo3_fast", **fields: Any) -> Job:
    return job_of("video", upstream=upstream, **({"params": {"duration": 8, "aspect_ratio": "16:9"}} | fields))


async def refused(made: Any, job: Job) -> str:
    with pytest.raises(ProviderFailure) as failure:
        await made.submit(job, None)
    assert failure.value.code == "invalid_request"
    return failure.value.message


async def test_runway_is_asked_in_its_own_words(server: KieServer):
    made = adapter(server)
    await made.submit(runway_job(params=CLIP_JOB | {"triggers": ["rain"], "style": "noir"}), "https://daybook.example/cb")
    assert server.asked("submit")[0].path == "/api/v1/runway/generate"
    assert server.asked("submit")[0].body == {
        "prompt": "a cat\nStyle: noir.\nSound: rain.",
        "duration": 5,
        "quality": "720p",
        "aspectRatio": "9:16",
        "waterMark": "",
        "callBackUrl": "https://daybook.example/cb",
    }
    await made.close()


async def test_a_first_frame_goes_to_their_uploads_and_decides_the_shape(server: KieServer):
    made = adapter(server)
    await made.submit(runway_job(inputs=[PICTURE], api_key=OWN_KEY), None)
    upload = server.asked("upload")[0]
    assert upload.headers["Authorization"] == f"Bearer {OWN_KEY}"
    assert PIXEL in upload.sent and b'name="uploadPath"' in upload.sent and b'name="fileName"' in upload.sent
    asked = server.asked("submit")[0].body
    assert asked["imageUrl"] == f"{server.origin}/upload-1.png"
    assert "aspectRatio" not in asked
    await made.close()


@pytest.mark.parametrize("mood", ["answer lost", "truncated", "html", "status 500", "no task", "error in 200"])
async def test_an_upload_that_fails_costs_nothing_and_may_be_tried_again(server: KieServer, mood: str):
    made = adapter(server)
    server.behave(mood, at="upload")
    with pytest.raises(ProviderFailure) as failure:
        await made.submit(runway_job(inputs=[PICTURE]), None)
    assert failure.value.retryable
    assert server.asked("submit") == []
    await made.close()


async def test_an_upload_that_takes_too_long_is_no_lost_submit(server: KieServer):
    made = adapter(server)
    server.behave("silent", at="upload")
    with pytest.raises(ProviderFailure) as failure:
        await made.submit(runway_job(inputs=[PICTURE], timeout_seconds=0.2), None)
    assert (failure.value.code, failure.value.retryable) == ("timeout", True)
    assert server.asked("submit") == []
    await made.close()


async def test_no_upload_overwrites_another(server: KieServer):
    """The same name would."""
    made = adapter(server, KieVeoProvider)
    await made.submit(veo_job(inputs=[PICTURE, PICTURE]), None)
    await made.submit(changed(veo_job(inputs=[PICTURE]), attempt=2), None)
    names = [request.sent.split(b'filename="')[1].split(b'"')[0] for request in server.asked("upload")]
    assert len(names) == len(set(names)) == 3
    assert all(name.endswith(b".png") for name in names)
    await made.close()


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"params": CLIP_JOB | {"duration": 10, "quality": "1080p"}}, "720p only"),
        ({"params": CLIP_JOB | {"duration": 8}}, "5 or 10"),
        ({"params": CLIP_JOB | {"quality": "480p"}}, "720p or 1080p"),
        ({"params": CLIP_JOB | {"aspect_ratio": "21:9"}}, "aspect ratios"),
        ({"prompt": "x" * 1_801}, "1800"),
        ({"inputs": [PICTURE, PICTURE]}, "one input"),
    ],
)
async def test_what_runway_is_known_to_refuse_is_not_asked(server: KieServer, fields: dict[str, Any], word: str):
    made = adapter(server)
    assert word in await refused(made, runway_job(**fields))
    assert server.requests == []
    await made.close()


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [(0, "TEXT_2_VIDEO"), (1, "FIRST_AND_LAST_FRAMES_2_VIDEO"), (2, "FIRST_AND_LAST_FRAMES_2_VIDEO"), (3, "REFERENCE_2_VIDEO")],
)
async def test_veo_is_told_what_its_inputs_are(veo_server: KieServer, inputs: int, kind: str):
    made = adapter(veo_server, KieVeoProvider)
    await made.submit(veo_job(inputs=[PICTURE] * inputs, params={"duration": 8, "aspect_ratio": "16:9", "seed": 123_456}), None)
    asked = veo_server.asked("submit")[0].body
    assert (asked["model"], asked["generationType"], asked["aspectRatio"]) == ("veo3_fast", kind, "16:9")
    assert asked["seeds"] == 10_000 + 123_456 % 90_000
    assert len(asked.get("imageUrls", [])) == inputs
    await made.close()


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"upstream": "veo3", "inputs": [PICTURE] * 3}, "veo3_fast"),
        ({"inputs": [PICTURE] * 3, "params": {"aspect_ratio": "9:16"}}, "16:9"),
        ({"inputs": [PICTURE] * 4}, "at most 3"),
        ({"params": {"aspect_ratio": "1:1"}}, "aspect ratios"),
    ],
)
async def test_what_veo_is_known_to_refuse_is_not_asked(veo_server: KieServer, fields: dict[str, Any], word: str):
    made = adapter(veo_server, KieVeoProvider)
    assert word in await refused(made, veo_job(**fields))
    assert veo_server.requests == []
    await made.close()


async def test_links_that_come_as_text_are_read(veo_server: KieServer):
    made = adapter(veo_server, KieVeoProvider)
    parked = await made.submit(veo_job(), None)
    veo_server.behave("packed links", at="poll")
    result = await made.poll(veo_job(), parked)
    assert isinstance(result, Result) and [each.data for each in result.artefacts] == [CLIP]
    await made.close()


async def test_a_result_that_cannot_be_fetched_now_is_fetched_later_and_not_made_again(server: KieServer):
    made = adapter(server)
    parked = await made.submit(runway_job(), None)
    for mood in ("status 404", "status 503", "drop", "truncated"):
        server.behave(mood, at="file")
        assert isinstance(await made.poll(runway_job(), parked), Running), mood
    server.behave("well", at="file")
    assert isinstance(await made.poll(runway_job(), parked), Result)
    assert len(server.asked("submit")) == 1
    assert not any(KEY in str(request.headers) for request in server.asked("file"))
    await made.close()


async def test_a_page_of_a_gateway_says_nothing_about_the_job(server: KieServer):
    made = adapter(server)
    parked = await made.submit(runway_job(), None)
    for mood in ("html", "list", "nothing", "no code"):
        server.behave(mood, at="poll")
        assert isinstance(await made.poll(runway_job(), parked), Running), mood
    await made.close()


async def test_a_result_without_end_is_not_fetched_again_and_again(server: KieServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "ARTEFACT_BYTES_MAX", 1_000_000)
    made = adapter(server)
    parked = await made.submit(runway_job(), None)
    server.behave("endless", at="file")
    with pytest.raises(ProviderFailure) as failure:
        await made.poll(runway_job(), parked)
    assert (failure.value.code, failure.value.outcome_unknown) == ("provider_error", True)
    await made.close()


async def test_a_result_at_an_address_of_ours_is_not_fetched(server: KieServer):
    made = make(KieRunwayProvider, server, outgoing=PinnedHttp(), api_key=KEY)
    parked = await made.submit(runway_job(), None)
    with pytest.raises(ProviderFailure) as failure:
        await made.poll(runway_job(), parked)
    assert (failure.value.code, failure.value.outcome_unknown) == ("provider_error", True)
    assert server.asked("file") == []
    await made.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Content violates our policy", "content_rejected"),
        ("NSFW detected", "content_rejected"),
        ("Your current plan's concurrency limit is reached", "rate_limited"),
        ("Please upgrade your plan", "insufficient_provider_credit"),
        ("Image width is too small, invalid size", "invalid_request"),
        ("The server is busy, try again later", "overloaded"),
        ("Upstream timed out", "timeout"),
        ("something went wrong", "provider_error"),
        (None, "provider_error"),
        (["odd"], "provider_error"),
    ],
)
def test_words_of_failed_jobs_have_codes(words: Any, code: str):
    assert failure_of_job(words).code == code


async def test_a_parked_name_is_no_way_to_another_path(server: KieServer):
    made = adapter(server)
    parked = await made.submit(runway_job(), None)
    assert parked.upstream_id == TASK
    with pytest.raises(ProviderFailure):
        await made.poll(runway_job(), type(parked)(upstream_id="x&a=b"))
    assert server.asked("poll") == []
    await made.close()


def test_only_the_vendor_has_uploads_at_another_host():
    vendor, other = KieRunwayProvider(outgoing=PinnedHttp()), KieRunwayProvider(base_url="https://kie.example", outgoing=PinnedHttp())
    assert vendor._uploads.is_own("https://kieai.redpandaai.co/api") and vendor._wire.is_own(BASE_URL)
    assert not other._uploads.is_own("https://kieai.redpandaai.co/api")


async def test_a_base_url_may_end_as_it_did_in_older_settings(server: KieServer):
    outgoing = PinnedHttp(allow=[server.authority])
    made = KieRunwayProvider(base_url=f"{server.origin}/api/v1/", api_key=KEY, outgoing=outgoing)
    await made.submit(runway_job(inputs=[PICTURE]), None)
    assert [request.path for request in server.requests] == ["/api/file-stream-upload", "/api/v1/runway/generate"]
    await made.close()
