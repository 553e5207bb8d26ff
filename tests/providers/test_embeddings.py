"""Embeddings over OpenAI's language, against a server that also misbehaves."""

import base64
import hashlib
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from domain.providers.jobs import ProviderFailure
from infra.outgoing.http import PinnedHttp
from tests.support.protocol_server import ProtocolHandler, ProtocolServer
from workers.providers.openai_compatible import embeddings
from workers.providers.openai_compatible.embeddings import embedded
from workers.providers.openai_compatible.failures import failure_of
from workers.providers.openai_compatible.provider import OpenAICompatibleProvider
from workers.providers.wire.client import Wire

SIZE = 4
NOT_A_NUMBER = base64.b64encode(struct.pack("<4f", 0, 0, 0, float("nan"))).decode()


def vector_of(text: str, size: int = SIZE) -> list[float]:
    return [byte / 256 for byte in hashlib.sha256(text.encode()).digest()[:size]]


class EmbeddingServer(ProtocolServer):
    """Answers base64 in reverse order, as a server may; `plain`: a server that knows numbers only."""

    handler = ProtocolHandler
    plain = False
    #: What is done to the rows of an answer.
    spoiled: Any = staticmethod(lambda rows: rows)

    def well(self, handler: ProtocolHandler) -> None:
        asked = handler.asked.body
        size = asked.get("dimensions", SIZE)
        rows = [{"object": "embedding", "index": index, "embedding": self._shown(text, size)} for index, text in enumerate(asked["input"])]
        answer = {"object": "list", "data": self.spoiled(rows[::-1]), "model": f"{asked['model']}-1", "usage": {"total_tokens": len(rows)}}
        handler.json(200, answer)

    def _shown(self, text: str, size: int) -> Any:
        vector = vector_of(text, size)
        return vector if self.plain else base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        yield running


@pytest.fixture
async def wire(server: EmbeddingServer):
    made = Wire(base_url=f"{server.origin}/v1", api_key="sk-installation", read_failure=failure_of)
    yield made
    await made.close()


@pytest.mark.parametrize("plain", [False, True])
async def test_texts_become_vectors_in_their_order(server, wire, plain):
    server.plain = plain
    found = await embedded(wire, ["one", "two", "three"], model="m", dimensions=3)
    assert found.vectors == [pytest.approx(vector_of(text, 3)) for text in ("one", "two", "three")]
    assert (found.model, found.tokens) == ("m-1", 3)
    [asked] = server.requests
    assert (asked.path, asked.body["encoding_format"], asked.body["dimensions"]) == ("/v1/embeddings", "base64", 3)
    assert asked.headers["Authorization"] == "Bearer sk-installation"


async def test_many_texts_are_asked_for_in_parts_and_nothing_for_none(server, wire, monkeypatch):
    monkeypatch.setattr(embeddings, "TEXTS_MAX", 2)
    texts = [f"text {number}" for number in range(5)]
    found = await embedded(wire, texts, model="m", api_key="sk-own")
    assert found.vectors == [pytest.approx(vector_of(text)) for text in texts]
    assert found.tokens == 5
    assert [len(each.body["input"]) for each in server.requests] == [2, 2, 1]
    assert {each.headers["Authorization"] for each in server.requests} == {"Bearer sk-own"}
    assert (await embedded(wire, [], model="m")).vectors == []
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        (lambda rows: rows[1:], "no_output"),
        (lambda rows: [rows[0], rows[0]], "no_output"),
        (lambda rows: [{**row, "embedding": []} for row in rows], "no_output"),
        (lambda rows: [rows[0], {**rows[1], "embedding": [1.0]}], "no_output"),
        (
            lambda rows: [rows[0], {**rows[1], "embedding": base64.b64encode(struct.pack("<4f", 0, 0, 0, float("nan"))).decode()}],
            "no_output",
        ),
        (lambda rows: [{**row, "embedding": "!"} for row in rows], "provider_error"),
        (lambda rows: [{**row, "embedding": "AAA="} for row in rows], "provider_error"),
        (lambda rows: "rows", "provider_error"),
    ],
)
async def test_vectors_that_are_none_are_refused(server, wire, spoiled, code):
    server.spoiled = spoiled
    with pytest.raises(ProviderFailure) as failure:
        await embedded(wire, ["one", "two"], model="m")
    assert failure.value.code == code


async def test_the_adapter_embeds_with_its_own_connection(server):
    provider = OpenAICompatibleProvider(base_url=f"{server.origin}/v1", api_key=None, outgoing=PinnedHttp())
    found = await provider.embed(["one"], model="m")
    assert found.vectors == [pytest.approx(vector_of("one"))]
    await provider.close()


@pytest.mark.parametrize(("status", "code", "retryable"), [(401, "auth", False), (429, "rate_limited", True), (503, "overloaded", True)])
async def test_a_refusal_is_a_typed_failure(server, wire, status, code, retryable):
    server.MOODS = {"no": lambda handler: handler.fail(status)}
    server.behave("no")
    with pytest.raises(ProviderFailure) as failure:
        await embedded(wire, ["one"], model="m")
    assert (failure.value.code, failure.value.retryable) == (code, retryable)
    assert "secret words" not in str(failure.value)
