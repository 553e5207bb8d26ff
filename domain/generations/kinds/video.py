"""Params of the kind `video`."""

from typing import Annotated, Any

import msgspec

from domain.generations.kinds.kind import Kind, Params, Seed, Word, first, one_of
from domain.kernel import limits
from domain.providers.catalogue import Model

DURATION, QUALITY, ASPECT_RATIO = 5, "720p", "16:9"


class VideoParams(Params, frozen=True, kw_only=True):
    """What can be set for a clip. `duration` in seconds; `triggers` are motifs of its sound."""

    duration: Annotated[int, msgspec.Meta(ge=1, le=limits.VIDEO_SECONDS_MAX)] = DURATION
    quality: Word = QUALITY
    aspect_ratio: Word = ASPECT_RATIO
    triggers: Annotated[list[Word], msgspec.Meta(max_length=limits.TRIGGERS_MAX)] = []
    seed: Seed | None = None


def defaults(model: Model) -> dict[str, Any]:
    return {
        "duration": first(model.durations, DURATION),
        "quality": _usual(model.qualities, QUALITY),
        "aspect_ratio": _usual(model.aspect_ratios, ASPECT_RATIO),
    }


def check(model: Model, params: VideoParams) -> None:
    one_of("duration", params.duration, model.durations)
    one_of("quality", params.quality, model.qualities)
    one_of("aspect_ratio", params.aspect_ratio, model.aspect_ratios)


def narrow(model: Model, properties: dict[str, Any]) -> None:
    usual = defaults(model)
    for name, offered in (("duration", model.durations), ("quality", model.qualities), ("aspect_ratio", model.aspect_ratios)):
        if offered:
            properties[name] = {"enum": offered, "default": usual[name]}


def _usual(offered: list[str], usual: str) -> str:
    return usual if usual in offered else str(first(offered, usual))


KIND = Kind(VideoParams, defaults, check, narrow, most=lambda params, _: int(params["duration"]), private=frozenset({"triggers"}))
