"""Params of the kind `speech`."""

from typing import Annotated, Any, Literal

import msgspec

from domain.generations.kinds.kind import Kind, Params, Word, offered_words, one_of
from domain.providers.catalogue import Model


class SpeechParams(Params, frozen=True, kw_only=True):
    """What can be set for speech; the prompt is what is spoken. `speed` 1 is the voice's own."""

    voice: Word | None = None
    format: Literal["mp3", "ogg", "wav"] = "mp3"
    speed: Annotated[float, msgspec.Meta(ge=0.5, le=2)] = 1.0


def defaults(model: Model) -> dict[str, Any]:
    return {"voice": model.voices[0] if model.voices else None, "format": _usual(model)}


def check(model: Model, params: SpeechParams) -> None:
    one_of("voice", params.voice, model.voices)
    one_of("format", params.format, model.offered_formats)


def narrow(model: Model, properties: dict[str, Any]) -> None:
    properties["format"] = {"enum": sorted(model.offered_formats), "default": _usual(model)}
    if model.voices:
        properties["voice"] = offered_words(model.voices, model.voices[0])


def _usual(model: Model) -> str:
    return "mp3" if "mp3" in model.offered_formats else model.offered_formats[0]


KIND = Kind(SpeechParams, defaults, check, narrow, most=lambda _, prompt_chars: prompt_chars, private=frozenset({"speed"}))
