"""Embeddings over OpenAI's language: texts as vectors, to be searched by likeness."""

import base64
import binascii
import struct
from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec

from workers.providers.wire.base64s import aside
from workers.providers.wire.client import Call, Wire
from workers.providers.wire.failures import failed

#: What one request may hold.
TEXTS_MAX = 2_048
SECONDS = 60.0


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    """A vector for each text, in the texts' order; `model` is who made them, because vectors of two models do not compare."""

    vectors: list[list[float]]
    model: str
    tokens: int


class _Row(msgspec.Struct):
    index: int
    embedding: str | list[float]


class _Usage(msgspec.Struct):
    total_tokens: int = 0


class _Answer(msgspec.Struct):
    data: list[_Row]
    model: str = ""
    usage: _Usage | None = None


async def embedded(wire: Wire, texts: Sequence[str], *, model: str, dimensions: int | None = None, api_key: str | None = None) -> Embedded:
    """*texts* as vectors by *model*, as many requests as it takes. *dimensions* only for models that can be shortened.

    Raises ProviderFailure.
    """
    vectors: list[list[float]] = []
    named, tokens = model, 0
    for begin in range(0, len(texts), TEXTS_MAX):
        some = texts[begin : begin + TEXTS_MAX]
        asked: dict[str, Any] = {"model": model, "input": list(some), "encoding_format": "base64"}
        if dimensions is not None:
            asked["dimensions"] = dimensions
        answer = await wire.ask(Call(method="POST", url="/embeddings", seconds=SECONDS, paid=True, key=api_key, json=asked))
        found = await aside(len(answer.body), _read, answer.body, len(some))
        vectors += found.vectors
        named, tokens = found.model or named, tokens + found.tokens
    return Embedded(vectors=vectors, model=named, tokens=tokens)


def _read(body: bytes, count: int) -> Embedded:
    """Servers that do not know `encoding_format` answer plain numbers. The rows may stand in any order."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        rows = {row.index: _vector(row.embedding) for row in answer.data}
    except (msgspec.DecodeError, binascii.Error, struct.error, UnicodeDecodeError) as error:
        raise failed("provider_error", outcome_unknown=True) from error
    if sorted(rows) != list(range(count)) or len({len(vector) for vector in rows.values()}) > 1:
        raise failed("no_output")
    if not all(vector and all(map(isfinite, vector)) for vector in rows.values()):
        raise failed("no_output")
    tokens = answer.usage.total_tokens if answer.usage else 0
    return Embedded(vectors=[rows[index] for index in range(count)], model=answer.model, tokens=tokens)


def _vector(embedding: str | list[float]) -> list[float]:
    """base64 holds little-endian floats of four bytes."""
    if isinstance(embedding, list):
        return embedding
    data = base64.b64decode(embedding, validate=True)
    return list(struct.unpack(f"<{len(data) // 4}f", data))
