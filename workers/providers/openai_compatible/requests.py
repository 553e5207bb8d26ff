"""What is asked. A model's `adapter` says which endpoint it has and which fields its server understands:

    endpoint = "chat" | "images"
    sends    = any of aspect_ratio, count, format, negative_prompt, seed, size
    body     = fields sent as they stand, such as { quality = "high" } or { response_format = "b64_json" }

What a server does not understand is said in the prompt, or left out.
"""

from math import gcd
from typing import Any

from domain.providers.jobs import Job

PATHS = {"chat": "/chat/completions", "images": "/images/generations"}
#: Sizes whose ratio has an everyday name that the plain fraction does not give.
RATIOS = {
    "832x1248": "2:3", "1248x832": "3:2", "864x1184": "3:4", "1184x864": "4:3", "896x1152": "4:5", "1152x896": "5:4",
    "768x1344": "9:16", "1344x768": "16:9", "1536x672": "21:9",
}  # fmt: skip


def path_of(job: Job) -> str:
    return PATHS[job.adapter.get("endpoint", "chat")]


def calls_of(job: Job) -> list[int]:
    """How many images each call asks for: one call for all where the server can count, else one call each."""
    count = job.params.get("count") or 1
    return [count] if "count" in job.adapter.get("sends", ()) else [1] * count


def body_of(job: Job, count: int) -> dict[str, Any]:
    """The JSON of one call."""
    sends, params = job.adapter.get("sends", ()), job.params
    size = params.get("size")
    body: dict[str, Any] = {"model": job.upstream}
    options: dict[str, Any] = {
        "count": ("n", count),
        "format": ("output_format", params.get("format")),
        "negative_prompt": ("negative_prompt", job.negative_prompt),
        "seed": ("seed", params.get("seed")),
        "size": ("size", size),
    }
    body |= {name: value for key, (name, value) in options.items() if key in sends and value is not None}
    ratio = {"aspect_ratio": aspect_ratio(size)} if "aspect_ratio" in sends and size else {}
    if job.adapter.get("endpoint", "chat") == "chat":
        body |= {"messages": [{"role": "user", "content": prompt_of(job)}], "modalities": ["image", "text"], "stream": False}
        body |= {"image_config": ratio} if ratio else {}
    else:
        body |= {"prompt": prompt_of(job)} | ratio
    return body | job.adapter.get("body", {})


def prompt_of(job: Job) -> str:
    """The caller's words, and in words what the server has no field for."""
    lines = [job.prompt]
    if job.params.get("style"):
        lines.append(f"Style: {job.params['style']}.")
    if job.negative_prompt and "negative_prompt" not in job.adapter.get("sends", ()):
        lines.append(f"Avoid: {job.negative_prompt}.")
    return "\n".join(lines)


def aspect_ratio(size: str) -> str:
    """`1024x1024` -> `1:1`."""
    if size in RATIOS:
        return RATIOS[size]
    width, height = map(int, size.split("x"))
    common = gcd(width, height)
    return f"{width // common}:{height // common}"
