"""The adapter against a server that speaks the protocol, and misbehaves in every way that real ones were seen to."""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest

from domain.providers.jobs import FAILURE_CODES, Job, ProviderFailure
from infra.media.looking import examine
from infra.outgoing.http import PinnedHttp
from tests.support.openai_server import BAD, GOOD, KEY, PIXEL, OpenAIServer
from workers.providers.openai_compatible.provider import OpenAICompatibleProvider

CHAT = {"endpoint": "chat", "sends": ["aspect_ratio"]}
IMAGES = {"endpoint": "images", "sends": ["count", "format", "size"]}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def other() -> Iterator[OpenAIServer]:
    """Another host, to which nothing secret may go."""
    with OpenAIServer() as running:
        yield running


@pytest.fixture
async def provider(server: OpenAIServer, other: OpenAIServer) -> AsyncIterator[OpenAICompatibleProvider]:
    outgoing = PinnedHttp(allow=[other.authority], seconds=3)
    made = OpenAICompatibleProvider(base_url=server.url + "/", api_key=KEY, outgoing=outgoing, body_bytes_max=2_000_000)
    yield made
    await made.close()


def job(adapter: dict[str, Any] = CHAT, *, timeout_seconds: int = 10, negative_prompt: str | None = None, **params: Any) -> Job:
    return Job(
        generation_id=UUID(int=1), attempt=1, kind="image", upstream="vendor/model-1", prompt="a cat", negative_prompt=negative_prompt,
        params=params, adapter=adapter, timeout_seconds=timeout_seconds,
    )  # fmt: skip


async def failing(provider: OpenAICompatibleProvider, asked: Job) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as failure:
        await provider.generate(asked)
    return failure.value


async def test_a_chat_completion_with_an_image_becomes_an_artefact(server: OpenAIServer, provider: OpenAICompatibleProvider):
    result = await provider.generate(job(size="1344x768"))
    assert [artefact.data for artefact in result.artefacts] == [PIXEL]
    assert result.artefacts[0].content_type == "image/png"
    assert result.usage == {"item": 1}
    assert examine(result.artefacts[0].data, result.artefacts[0].content_type).width == 1


async def test_the_chat_request_is_what_the_protocol_asks_for(server: OpenAIServer, provider: OpenAICompatibleProvider):
    await provider.generate(job(size="1344x768", style="watercolor", format="png", seed=None, negative_prompt="dogs"))
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == {
        "model": "vendor/model-1",
        "messages": [{"role": "user", "content": "a cat\nStyle: watercolor.\nAvoid: dogs."}],
        "modalities": ["image", "text"],
        "stream": False,
        "image_config": {"aspect_ratio": "16:9"},
    }


async def test_the_images_request_sends_what_the_server_understands_and_nothing_else(
    server: OpenAIServer, provider: OpenAICompatibleProvider
):
    server.behave("images")
    adapter = IMAGES | {"body": {"quality": "high"}}
    result = await provider.generate(job(adapter, size="1536x1024", count=3, format="webp", seed=5))
    assert result.usage == {"item": 3}
    assert server.requests[0].path == "/v1/images/generations"
    assert server.requests[0].body == {
        "model": "vendor/model-1", "prompt": "a cat", "n": 3, "size": "1536x1024", "output_format": "webp", "quality": "high",
    }  # fmt: skip


async def test_a_server_that_cannot_count_is_asked_once_for_each(server: OpenAIServer, provider: OpenAICompatibleProvider):
    result = await provider.generate(job(count=3))
    assert result.usage == {"item": 3}
    assert len(server.requests) == 3
    assert all("n" not in request.body for request in server.requests)


async def test_what_was_drawn_before_a_call_failed_is_not_lost(server: OpenAIServer, provider: OpenAICompatibleProvider):
    turns = iter([server.MOODS["chat"], server.MOODS["429"], server.MOODS["chat"]])
    server.MOODS = dict(server.MOODS) | {"now and then": lambda h: next(turns)(h)}
    server.behave("now and then")
    shares: list[float] = []
    result = await provider.generate(job(count=3), shares.append)
    assert (result.usage, result.partial, len(result.artefacts), len(shares)) == ({"item": 2}, True, 2, 2)


@pytest.mark.parametrize("mood", sorted(GOOD))
async def test_every_good_answer_is_read(server: OpenAIServer, other: OpenAIServer, provider: OpenAICompatibleProvider, mood: str):
    server.behave(mood)
    server.elsewhere = f"{other.origin}/image.png"
    result = await provider.generate(job(IMAGES if "images" in mood and "chat" not in mood and "more" not in mood else CHAT))
    assert [artefact.data for artefact in result.artefacts] == [PIXEL]


#: mood of this protocol -> our code, and whether the same generation may ask again.
EXPECTED: dict[str, tuple[str, bool]] = {
    "200 with a choice in error": ("provider_error", True),
    "200 with an error": ("rate_limited", True),
    "200 with an error as text": ("provider_error", True),
    "200 with odd shapes": ("no_output", True),
    "400": ("invalid_request", False),
    "400 moderation": ("content_rejected", False),
    "400 retired": ("model_retired", False),
    "401": ("auth", False),
    "402 flat": ("insufficient_provider_credit", False),
    "402 flat with 200": ("insufficient_provider_credit", False),
    "403": ("auth", False),
    "403 moderation": ("content_rejected", False),
    "404": ("model_retired", False),
    "429": ("rate_limited", True),
    "429 by date": ("rate_limited", True),
    "429 far away": ("rate_limited", True),
    "429 in milliseconds": ("rate_limited", True),
    "429 nonsense": ("rate_limited", True),
    "429 quota": ("insufficient_provider_credit", False),
    "500": ("provider_error", True),
    "502": ("provider_error", True),
    "503": ("overloaded", True),
    "504": ("timeout", True),
    "529": ("overloaded", True),
    "bad base64": ("provider_error", False),
    "blocked": ("content_rejected", False),
    "blocked natively": ("content_rejected", False),
    "empty": ("no_output", True),
    "error in 200": ("overloaded", True),
    "no choices": ("no_output", True),
    "packed and cut": ("provider_error", False),
    "refusal": ("content_rejected", False),
    "text only": ("no_output", True),
    "truncated json": ("provider_error", False),
}


def test_every_mood_of_the_server_has_an_expectation():
    assert set(EXPECTED) == set(BAD)
    assert {code for code, _ in EXPECTED.values()} == set(FAILURE_CODES)


@pytest.mark.parametrize("mood", sorted(EXPECTED))
async def test_every_bad_answer_is_a_typed_failure(
    server: OpenAIServer, other: OpenAIServer, provider: OpenAICompatibleProvider, mood: str
):
    server.behave(mood)
    server.elsewhere = f"{other.origin}/v1/chat/completions"
    failure = await failing(provider, job(IMAGES if mood == "bad base64" else CHAT))
    assert (failure.code, failure.retryable) == EXPECTED[mood]
    assert "secret" not in failure.message and KEY not in failure.message


@pytest.mark.parametrize(
    ("mood", "seconds"),
    [
        ("429", 7),
        ("429 in milliseconds", 1.5),
        ("429 by date", 30),
        ("429 far away", 3_600),
        ("429 nonsense", None),
        ("503", 12),
        ("500", None),
    ],
)
async def test_the_pause_that_the_provider_asks_for_is_kept(
    server: OpenAIServer, provider: OpenAICompatibleProvider, mood: str, seconds: float | None
):
    server.behave(mood)
    assert (await failing(provider, job())).retry_after_seconds == seconds


async def test_a_link_is_fetched_without_the_key(server: OpenAIServer, other: OpenAIServer, provider: OpenAICompatibleProvider):
    server.behave("chat with a link")
    server.elsewhere = f"{other.origin}/image.png"
    await provider.generate(job())
    assert [request.path for request in other.requests] == ["/image.png"]
    assert "authorization" not in {name.lower() for name in other.requests[0].headers}


async def test_a_link_into_our_own_network_is_not_fetched(server: OpenAIServer, provider: OpenAICompatibleProvider):
    server.behave("chat with a link")
    for link in (f"{server.origin}/image.png", "https://127.0.0.1/", "https://169.254.169.254/latest/meta-data/", "http://localhost/"):
        server.elsewhere = link
        assert (await failing(provider, job())).code == "provider_error"
    assert [request.method for request in server.requests] == ["POST"] * 4


@pytest.mark.skipif("OPENAI_COMPATIBLE_API_KEY" not in os.environ, reason="needs a key of a real provider, and costs money")
async def test_a_real_provider_draws():
    made = OpenAICompatibleProvider(
        base_url=os.environ.get("OPENAI_COMPATIBLE_BASE_URL", "https://openrouter.ai/api/v1"),
        api_key=os.environ["OPENAI_COMPATIBLE_API_KEY"],
        outgoing=PinnedHttp(),
    )
    asked = job(size="1024x1024", timeout_seconds=180)
    result = await made.generate(
        Job(**{name: getattr(asked, name) for name in asked.__struct_fields__} | {"upstream": "google/gemini-3.1-flash-image"})
    )
    assert examine(result.artefacts[0].data).width >= 512
    await made.close()
