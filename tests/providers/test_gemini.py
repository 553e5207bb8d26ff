"""What Gemini is asked, and what only Gemini answers. What every adapter must do stands in tests/contracts/providers."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from domain.providers.jobs import ProviderFailure
from infra.outgoing.http import PinnedHttp
from tests.support.providers.case import KEY, PICTURE, changed, job_of
from tests.support.providers.gemini_server import GeminiServer
from workers.providers.gemini.failures import failure_of_error
from workers.providers.gemini.provider import GeminiProvider
from workers.providers.gemini.schemas import reduced


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as running:
        yield running


@pytest.fixture
async def gemini(server: GeminiServer) -> AsyncIterator[GeminiProvider]:
    made = GeminiProvider(base_url=server.url, api_key=KEY, outgoing=PinnedHttp())
    yield made
    await made.close()


async def test_a_picture_is_asked_for_with_its_ratio_and_what_has_no_field_in_words(server: GeminiServer, gemini: GeminiProvider):
    params = {"size": "1344x768", "style": "ink", "seed": 7, "count": 2}
    adapter = {"sends": ["aspect_ratio", "seed"], "image_size": "1K", "safety": "BLOCK_ONLY_HIGH"}
    job = job_of("image_edit", params=params, adapter=adapter, negative_prompt="dogs", inputs=[PICTURE])
    result = await gemini.generate(job)
    assert result.usage == {"item": 2} and len(server.requests) == 2
    body = server.requests[0].body
    text, picture = body["contents"][0]["parts"]
    assert text == {"text": "a cat\nStyle: ink.\nAvoid: dogs."}
    assert picture["inlineData"]["mimeType"] == "image/png"
    assert body["generationConfig"] == {
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "1K"},
        "seed": 7,
    }
    assert {each["threshold"] for each in body["safetySettings"]} == {"BLOCK_ONLY_HIGH"} and len(body["safetySettings"]) == 5


async def test_a_conversation_has_the_roles_that_gemini_knows(server: GeminiServer, gemini: GeminiProvider):
    messages = [
        {"role": "system", "content": "Rhyme."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
    ]
    params = {"messages": messages, "system": "Be brief.", "max_tokens": 50, "temperature": 0.5, "stream": True}
    heard: list[str] = []
    await gemini.generate(job_of("text", prompt="Again", params=params), say=heard.append)
    assert len(heard) == 3
    assert (server.requests[0].path.rpartition(":")[2], server.requests[0].query) == ("streamGenerateContent", "alt=sse")
    assert server.requests[0].body == {
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Rhyme."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Hello"}]},
            {"role": "model", "parts": [{"text": "Hi"}]},
            {"role": "user", "parts": [{"text": "Again"}]},
        ],
        "generationConfig": {"maxOutputTokens": 50, "temperature": 0.5},
    }


async def test_a_text_that_was_cut_is_partial(server: GeminiServer, gemini: GeminiProvider):
    server.behave("cut by length")
    result = await gemini.generate(job_of("text", params={"stream": False}))
    assert (result.partial, result.output) == (True, {"text": "Once", "finish_reason": "length"})


@pytest.mark.parametrize(("mood", "seconds"), [("limited for a while", 22), ("limited for today", None)])
async def test_the_pause_that_google_asks_for_is_kept(server: GeminiServer, gemini: GeminiProvider, mood: str, seconds: float | None):
    server.behave(mood)
    with pytest.raises(ProviderFailure) as failure:
        await gemini.generate(job_of("text"))
    assert failure.value.retry_after_seconds == seconds
    assert failure.value.retryable == (seconds is not None)


async def test_what_it_cannot_do_is_not_asked(server: GeminiServer, gemini: GeminiProvider):
    for job in (changed(job_of("image_edit", inputs=[PICTURE]), mask=PICTURE), job_of("speech")):
        with pytest.raises(ProviderFailure) as failure:
            await gemini.generate(job)
        assert failure.value.code == "invalid_request"
    assert server.requests == []


@pytest.mark.parametrize(
    ("schema", "known", "whole"),
    [
        ({"type": "object", "additionalProperties": False}, {"type": "object"}, True),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}, True),
        ({"const": 3}, {"enum": [3]}, True),
        ({"type": ["string", "integer"]}, {}, False),
        ({"type": "array", "items": {"$ref": "#/$defs/a"}}, {"type": "array", "items": {}}, False),
        (
            {"type": "object", "properties": {"a": {"type": "string", "oneOf": []}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            False,
        ),
    ],
)
def test_a_schema_is_told_as_far_as_gemini_knows_it(schema: dict[str, Any], known: dict[str, Any], whole: bool):
    assert reduced(schema) == (known, whole)


async def test_the_rest_of_a_schema_is_told_in_words(server: GeminiServer, gemini: GeminiProvider):
    schema = {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}]}}}
    await gemini.generate(job_of("image_analysis", inputs=[PICTURE], params={"schema": schema}))
    assert '"oneOf"' in server.requests[0].body["contents"][0]["parts"][0]["text"]


@pytest.mark.parametrize(
    ("error", "code"),
    [({"code": 13}, "provider_error"), ({"code": 8}, "rate_limited"), ({"code": 3}, "invalid_request"), ({"code": 14}, "overloaded")],
)
def test_operations_say_their_errors_in_numbers(error: dict[str, Any], code: str):
    assert failure_of_error(error, 200).code == code
