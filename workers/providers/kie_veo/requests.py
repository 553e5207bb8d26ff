"""What is asked of Veo. The model is the catalogue's `upstream`: `veo3` or `veo3_fast`."""

from typing import Any

from domain.providers.jobs import Job, ProviderFailure
from workers.providers.wire.fields import prompt_of

FAST = "veo3_fast"
ASPECT_RATIOS = ("16:9", "9:16", "Auto")
INPUTS_MAX = 3
SEEDS_FROM, SEEDS = 10_000, 90_000


def body_of(job: Job, inputs: int) -> dict[str, Any]:
    """Raises ProviderFailure for what Veo is known to refuse."""
    ratio = job.params.get("aspect_ratio", "16:9")
    if ratio not in ASPECT_RATIOS:
        raise _refused(f"This model makes clips of the aspect ratios {', '.join(ASPECT_RATIOS)}.")
    if inputs > INPUTS_MAX:
        raise _refused(f"This model takes at most {INPUTS_MAX} inputs.")
    body: dict[str, Any] = {
        "prompt": prompt_of(job, {}),
        "model": job.upstream,
        "generationType": _type_of(job, inputs, ratio),
        "aspectRatio": ratio,
    }
    seed = job.params.get("seed")
    if seed is not None:
        body["seeds"] = SEEDS_FROM + seed % SEEDS
    return body | job.adapter.get("body", {})


def _type_of(job: Job, inputs: int, ratio: str) -> str:
    """One or two inputs are frames; three are references, which only the fast model takes, and only wide."""
    if not inputs:
        return "TEXT_2_VIDEO"
    if inputs < INPUTS_MAX:
        return "FIRST_AND_LAST_FRAMES_2_VIDEO"
    if job.upstream != FAST or ratio != "16:9":
        raise _refused(f"Three inputs are references, which {FAST} takes, in 16:9.")
    return "REFERENCE_2_VIDEO"


def _refused(sentence: str) -> ProviderFailure:
    return ProviderFailure("invalid_request", sentence)
