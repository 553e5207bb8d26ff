"""What is asked. A model's `adapter` says what it understands:

sends      = any of aspect_ratio, seed
image_size = "512" | "1K" | "2K" | "4K"
safety     = the threshold of every adjustable category, such as "BLOCK_ONLY_HIGH"
config     = fields of `generationConfig` sent as they stand
"""

from typing import Any
from urllib.parse import quote

import msgspec

from domain.providers.jobs import Input, Job, ProviderFailure
from workers.providers.gemini.schemas import reduced
from workers.providers.wire.base64s import encoded
from workers.providers.wire.fields import prompt_of, ratio_of

QUESTION = "Describe what these pictures show."
CATEGORIES = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "CIVIC_INTEGRITY")


def path_of(job: Job) -> str:
    verb = "streamGenerateContent?alt=sse" if streams(job) else "generateContent"
    return f"/models/{quote(job.upstream, safe='')}:{verb}"


def streams(job: Job) -> bool:
    return job.kind == "text" and bool(job.params.get("stream"))


def asked_of(job: Job) -> dict[str, Any]:
    """Raises ProviderFailure when the model cannot do what is asked."""
    match job.kind:
        case "text":
            asked = _text(job)
        case "image_analysis":
            asked = _analysis(job)
        case "image" | "image_edit":
            asked = _drawn(job)
        case _:
            raise ProviderFailure("invalid_request", f"This provider makes no {job.kind}.")
    asked["generationConfig"] |= job.adapter.get("config", {})
    if "safety" in job.adapter:
        threshold = job.adapter["safety"]
        asked["safetySettings"] = [{"category": f"HARM_CATEGORY_{category}", "threshold": threshold} for category in CATEGORIES]
    return asked


def _text(job: Job) -> dict[str, Any]:
    params = job.params
    turns = list(params.get("messages") or [])
    if job.prompt:
        turns.append({"role": "user", "content": job.prompt})
    told = [params["system"]] if params.get("system") else []
    told += [turn["content"] for turn in turns if turn["role"] == "system"]
    contents = [
        {"role": "model" if turn["role"] == "assistant" else "user", "parts": [{"text": turn["content"]}]}
        for turn in turns
        if turn["role"] != "system"
    ]
    # A conversation needs a turn of the user.
    asked: dict[str, Any] = {"contents": contents or [_user([{"text": "\n".join(told)}])], "generationConfig": {}}
    if told and contents:
        asked["systemInstruction"] = {"parts": [{"text": text} for text in told]}
    config = {"maxOutputTokens": params.get("max_tokens"), "temperature": params.get("temperature")}
    asked["generationConfig"] = {name: value for name, value in config.items() if value is not None}
    return asked


def _analysis(job: Job) -> dict[str, Any]:
    question, schema = job.params.get("question") or job.prompt or QUESTION, job.params.get("schema")
    config: dict[str, Any] = {}
    if schema:
        known, whole = reduced(schema)
        config = {"responseMimeType": "application/json", "responseSchema": known}
        if not whole:
            question += "\nAnswer with JSON that fits this JSON Schema: " + msgspec.json.encode(schema).decode()
    return {"contents": [_user([{"text": question}, *map(_picture, job.inputs)])], "generationConfig": config}


def _drawn(job: Job) -> dict[str, Any]:
    if job.mask is not None:
        raise ProviderFailure("invalid_request", "This model edits without a mask.")
    sends = job.adapter.get("sends", ())
    size = {"aspectRatio": ratio_of(job) if "aspect_ratio" in sends else None, "imageSize": job.adapter.get("image_size")}
    size = {name: value for name, value in size.items() if value is not None}
    # Without the modalities some models answer with text only.
    config: dict[str, Any] = {"responseModalities": ["TEXT", "IMAGE"]} | ({"imageConfig": size} if size else {})
    if "seed" in sends and job.params.get("seed") is not None:
        config["seed"] = job.params["seed"]
    return {"contents": [_user([{"text": prompt_of(job, ())}, *map(_picture, job.inputs)])], "generationConfig": config}


def _user(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": "user", "parts": parts}


def _picture(given: Input) -> dict[str, Any]:
    return {"inlineData": {"mimeType": given.content_type, "data": encoded(given.data)}}
