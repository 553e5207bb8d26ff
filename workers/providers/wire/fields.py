"""What a model that has a schema of its own is told. Its row in the catalogue names the fields, under `adapter`:

    fields = { prompt = "prompt", aspect_ratio = "aspect_ratio", duration = "duration", inputs = "image_urls[]" }
    shown  = { duration = "{}s" }                     # how a value is written, where it is not sent as it stands
    words  = { format = { jpeg = "jpg" } }            # other words for single values
    body   = { enable_safety_checker = true }         # fields sent as they stand

Words for `fields`: aspect_ratio, count, duration, format, height, inputs, mask, negative_prompt, prompt, quality, seed, size, speed,
voice, width. `[]` behind a name sends a list, `{}` behind that of a size {"width": …, "height": …}. What a model has no field for
is said in the prompt, or left out.
"""

from collections.abc import Container, Sequence
from math import gcd
from typing import Any

from domain.providers.jobs import Job

FIELDS = {"prompt": "prompt"}
#: Sizes whose ratio has an everyday name that the plain fraction does not give.
RATIOS = {
    "832x1248": "2:3", "1248x832": "3:2", "864x1184": "3:4", "1184x864": "4:3", "896x1152": "4:5", "1152x896": "5:4",
    "768x1344": "9:16", "1344x768": "16:9", "1536x672": "21:9",
}  # fmt: skip


def told(job: Job, *, inputs: Sequence[str] = (), mask: str | None = None) -> dict[str, Any]:
    """The model's own input; *inputs* and *mask* are URLs."""
    fields: dict[str, str] = job.adapter.get("fields", FIELDS)
    shown: dict[str, str] = job.adapter.get("shown", {})
    words: dict[str, dict[str, str]] = job.adapter.get("words", {})
    values = _values(job, fields) | {"inputs": list(inputs) or None, "mask": mask}
    told: dict[str, Any] = {}
    for word, field in fields.items():
        value = values.get(word)
        if value is None:
            continue
        if isinstance(value, str):
            value = words.get(word, {}).get(value, value)
        if word in shown:
            value = shown[word].format(value)
        if field.endswith("{}"):
            told[field[:-2]] = dict(zip(("width", "height"), map(int, value.split("x")), strict=True))
        elif field.endswith("[]"):
            told[field[:-2]] = value if isinstance(value, list) else [value]
        else:
            told[field] = value[0] if isinstance(value, list) else value
    return told | job.adapter.get("body", {})


def prompt_of(job: Job, fields: Container[str]) -> str:
    """The caller's words, and in words what the model has no field for."""
    lines = [job.prompt]
    if job.params.get("style"):
        lines.append(f"Style: {job.params['style']}.")
    if job.params.get("triggers"):
        lines.append(f"Sound: {', '.join(job.params['triggers'])}.")
    unwanted = unwanted_of(job)
    if unwanted and "negative_prompt" not in fields:
        lines.append(f"Avoid: {unwanted}.")
    return "\n".join(lines)


def unwanted_of(job: Job) -> str | None:
    return job.params.get("negative_prompt") or job.negative_prompt


def ratio_of(job: Job) -> str | None:
    """`16:9`: as it was asked for, or as the size has it."""
    size = job.params.get("size")
    if job.params.get("aspect_ratio") or not size:
        return job.params.get("aspect_ratio")
    if size in RATIOS:
        return RATIOS[size]
    width, height = map(int, size.split("x"))
    common = gcd(width, height)
    return f"{width // common}:{height // common}"


def used(job: Job, artefacts: int) -> dict[str, int]:
    """What is priced: pictures are counted, clips last as long as was asked for, speech is as long as its text."""
    if job.kind == "video":
        return {"second": int(job.params.get("duration") or 0)}
    if job.kind == "speech":
        return {"character": len(job.prompt)}
    return {"item": artefacts}


def _values(job: Job, fields: dict[str, str]) -> dict[str, Any]:
    params = job.params
    width, _, height = (params.get("size") or "").partition("x")
    named = {word: params.get(word) for word in ("count", "duration", "format", "quality", "seed", "size", "speed", "voice")}
    return named | {
        "aspect_ratio": ratio_of(job),
        "height": int(height) if height else None,
        "negative_prompt": unwanted_of(job) or None,
        "prompt": prompt_of(job, fields) or None,
        "width": int(width) if width else None,
    }
