"""What servers of OpenAI's language are asked for texts, analyses and edits, and how a server that knows less is met."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from domain.providers.jobs import ProviderFailure
from infra.outgoing.http import PinnedHttp
from tests.support.openai_server import TEXT, WORDS, OpenAIServer
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import KEY, PICTURE, changed, job_of
from workers.providers.openai_compatible.provider import OpenAICompatibleProvider

MESSAGES = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
SCHEMA = {"type": "object", "properties": {"animal": {"type": "string"}}}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
async def provider(server: OpenAIServer) -> AsyncIterator[OpenAICompatibleProvider]:
    made = OpenAICompatibleProvider(base_url=server.url, api_key=KEY, outgoing=PinnedHttp())
    yield made
    await made.close()


async def test_a_streamed_text_is_told_piece_by_piece(server: OpenAIServer, provider: OpenAICompatibleProvider):
    heard: list[str] = []
    params = {"messages": MESSAGES, "system": "Be brief.", "max_tokens": 50, "temperature": 0.5, "stream": True}
    adapter = {"sends": ["usage"], "tokens": "max_completion_tokens", "body": {"reasoning_effort": "low"}}
    result = await provider.generate(job_of("text", prompt="Again", params=params, adapter=adapter), say=heard.append)
    assert (heard, result.output) == (WORDS, {"text": TEXT, "finish_reason": "stop"})
    assert server.requests[0].body == {
        "model": "vendor/model-1",
        "messages": [{"role": "system", "content": "Be brief."}, *MESSAGES, {"role": "user", "content": "Again"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 50,
        "temperature": 0.5,
        "reasoning_effort": "low",
    }


async def test_a_server_that_cannot_stream_is_not_asked_to(server: OpenAIServer, provider: OpenAICompatibleProvider):
    heard: list[str] = []
    result = await provider.generate(job_of("text", params={"stream": True}, adapter={"streams": False}), say=heard.append)
    assert (server.requests[0].body["stream"], result.output["text"], heard) == (False, TEXT, [])


async def test_tokens_that_nobody_counted_are_taken_from_the_length(server: OpenAIServer, provider: OpenAICompatibleProvider):
    """Ollama, for one, counts in streams only where it is asked to and can."""
    result = await provider.generate(job_of("text", params={"stream": True, "system": "Be brief."}))
    assert result.usage == {"token": -(-len("a cat" + "Be brief." + TEXT) // 3)}


@pytest.mark.parametrize(("mood", "partial", "reason"), [("stream cut by length", True, "length"), ("stream without done", False, "stop")])
async def test_how_a_text_ended_is_told(server: OpenAIServer, provider: OpenAICompatibleProvider, mood: str, partial: bool, reason: str):
    server.behave(mood)
    result = await provider.generate(job_of("text", params={"stream": True}))
    assert (result.partial, result.output["finish_reason"]) == (partial, reason)


async def test_what_was_said_before_a_stream_failed_stays_said(server: OpenAIServer, provider: OpenAICompatibleProvider):
    server.behave("stream fails")
    heard: list[str] = []
    with pytest.raises(ProviderFailure):
        await provider.generate(job_of("text", params={"stream": True}), say=heard.append)
    assert heard == ["Once "]


@pytest.mark.parametrize(
    ("way", "format", "words"),
    [
        ("json_schema", {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}, False),
        ("json_object", {"type": "json_object"}, True),
        ("words", None, True),
    ],
)
async def test_a_schema_is_asked_for_as_the_server_knows_it(
    server: OpenAIServer, provider: OpenAICompatibleProvider, way: str, format: dict[str, Any] | None, words: bool
):
    server.behave("json in a fence")
    params = {"question": "What is it?", "schema": SCHEMA}
    result = await provider.generate(job_of("image_analysis", prompt="", inputs=[PICTURE], params=params, adapter={"schema": way}))
    assert result.output["data"] == {"animal": "cat", "count": 1}
    body = server.requests[0].body
    text, picture = body["messages"][0]["content"]
    assert body.get("response_format") == format
    assert ("JSON Schema" in text["text"]) == words and text["text"].startswith("What is it?")
    assert picture["image_url"]["url"].startswith("data:image/png;base64,iVBOR")


async def test_an_edit_is_a_form_with_its_pictures_and_its_mask(server: OpenAIServer, provider: OpenAICompatibleProvider):
    adapter = {"endpoint": "images", "sends": ["count", "mask", "size"], "body": {"quality": "high", "output_compression": 80}}
    params = {"size": "1024x1024", "count": 2, "style": "ink"}
    job = job_of("image_edit", adapter=adapter, params=params, inputs=[PICTURE, PICTURE], mask=PICTURE)
    result = await provider.generate(job)
    assert [artefact.data for artefact in result.artefacts] == [PIXEL, PIXEL]
    request = server.requests[0]
    assert request.path == "/v1/images/edits" and request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    named = [b'name="image[]"; filename="input-1.png"', b'name="image[]"; filename="input-2.png"', b'name="mask"; filename="mask.png"']
    fields = {b"model": b"vendor/model-1", b"n": b"2", b"prompt": b"a cat\nStyle: ink.", b"quality": b"high", b"output_compression": b"80"}
    assert all(name in request.sent for name in named)
    assert all(b'name="%s"\r\n\r\n%s\r\n' % field in request.sent for field in fields.items())
    assert request.sent.count(PIXEL) == 3
    await provider.generate(changed(job, inputs=[PICTURE], mask=None))
    assert b'name="image"; filename="input-1.png"' in server.requests[1].sent


async def test_openrouters_pictures_are_drawn_from_references(server: OpenAIServer, provider: OpenAICompatibleProvider):
    adapter = {"endpoint": "openrouter-images", "sends": ["aspect_ratio", "format", "seed"], "body": {"resolution": "2K"}}
    params = {"size": "1344x768", "format": "webp", "seed": 7}
    await provider.generate(job_of("image_edit", adapter=adapter, params=params, inputs=[PICTURE]))
    assert server.requests[0].path == "/v1/images"
    body = server.requests[0].body
    assert [each["type"] for each in body.pop("input_references")] == ["image_url"]
    assert body == {
        "model": "vendor/model-1", "prompt": "a cat", "aspect_ratio": "16:9", "output_format": "webp", "seed": 7, "resolution": "2K",
    }  # fmt: skip


@pytest.mark.parametrize("adapter", [{"endpoint": "chat"}, {"endpoint": "images"}, {"endpoint": "openrouter-images"}])
async def test_a_mask_is_not_left_out_in_silence(server: OpenAIServer, provider: OpenAICompatibleProvider, adapter: dict[str, str]):
    with pytest.raises(ProviderFailure) as failure:
        await provider.generate(job_of("image_edit", adapter=adapter, inputs=[PICTURE], mask=PICTURE))
    assert (failure.value.code, server.requests) == ("invalid_request", [])


async def test_what_it_cannot_make_is_not_asked_for(server: OpenAIServer, provider: OpenAICompatibleProvider):
    with pytest.raises(ProviderFailure) as failure:
        await provider.generate(job_of("video"))
    assert (failure.value.code, server.requests) == ("invalid_request", [])


async def test_a_call_can_be_found_by_the_name_that_the_provider_gave_it(
    provider: OpenAICompatibleProvider, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    await provider.generate(job_of("image"))
    assert [record.upstream_id for record in caplog.records if record.message == "called"] == ["gen-1"]
