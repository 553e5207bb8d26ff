"""The recording, and what it cost."""

import io
import wave
from collections.abc import Mapping

from domain.providers.jobs import Artefact
from workers.providers.wire.client import Answer
from workers.providers.wire.failures import failed, unreadable

BARE = "pcm_"
SAMPLE_BYTES = 2


def recording_of(answer: Answer, format: str) -> Artefact:
    """Raises ProviderFailure: words with a 200 are no recording."""
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (content_type.startswith("audio/") or content_type == "application/octet-stream"):
        raise unreadable()
    if not answer.body:
        raise failed("no_output")
    if format.startswith(BARE):
        return Artefact(data=_with_head(answer.body, int(format.removeprefix(BARE))), content_type="audio/wav")
    return Artefact(data=answer.body, content_type=content_type if content_type.startswith("audio/") else None)


def usage_of(text: str, headers: Mapping[str, str]) -> dict[str, int]:
    """Characters as they are priced here; beside them what the provider took for itself, where it says so."""
    cost = headers.get("character-cost", "")
    return {"character": len(text)} | ({"provider_character": int(cost)} if cost.isdecimal() and len(cost) < 10 else {})


def _with_head(samples: bytes, rate: int) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(rate)
        file.writeframes(samples[: len(samples) // SAMPLE_BYTES * SAMPLE_BYTES])
    return made.getvalue()
