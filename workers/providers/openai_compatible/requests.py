"""What is asked. A model's `adapter` says what its server understands:

    endpoint = "chat" | "images" | "openrouter-images"
    sends    = any of aspect_ratio, count, format, mask, negative_prompt, seed, size, usage
    schema   = "json_schema" | "json_object" | "words": how an answer is made to fit a JSON Schema
    tokens   = "max_tokens" | "max_completion_tokens": what the limit of a text is called
    streams  = false: the server cannot stream
    body     = fields sent as they stand, such as { quality = "high" } or { response_format = "b64_json" }

What a server does not understand is said in the prompt, or left out.
"""

from typing import Any

import msgspec

from domain.providers.jobs import Input, Job, ProviderFailure
from workers.providers.wire.base64s import data_url
from workers.providers.wire.fields import prompt_of, ratio_of, unwanted_of

QUESTION = "Describe what these pictures show."


class Form(msgspec.Struct, frozen=True):
    """A request as multipart form, because it carries files."""

    fields: dict[str, str]
    files: list[tuple[str, tuple[str, bytes, str]]]


def path_of(job: Job) -> str:
    match endpoint_of(job):
        case "images":
            return "/images/edits" if job.kind == "image_edit" else "/images/generations"
        case "openrouter-images":
            return "/images"
        case _:
            return "/chat/completions"


def endpoint_of(job: Job) -> str:
    """Texts and analyses are chats whatever the model can do else."""
    return str(job.adapter.get("endpoint", "chat")) if job.kind in ("image", "image_edit") else "chat"


def streams(job: Job) -> bool:
    return job.kind == "text" and bool(job.params.get("stream")) and bool(job.adapter.get("streams", True))


def calls_of(job: Job) -> list[int]:
    """How many images each call asks for: one call for all where the server can count, else one call each."""
    count = job.params.get("count") or 1
    return [count] if "count" in job.adapter.get("sends", ()) else [1] * count


def asked_of(job: Job, count: int) -> dict[str, Any] | Form:
    """The JSON or the form of one call.   Raises ProviderFailure when the model cannot do what is asked."""
    match job.kind:
        case "text":
            return _text(job)
        case "image_analysis":
            return _analysis(job)
        case "image" | "image_edit" if endpoint_of(job) == "chat":
            return _drawn_in_chat(job)
        case "image" | "image_edit":
            return _drawn(job, count)
    raise ProviderFailure("invalid_request", f"This provider makes no {job.kind}.")


def _text(job: Job) -> dict[str, Any]:
    params = job.params
    messages = [{"role": "system", "content": params["system"]}] if params.get("system") else []
    messages += [{"role": message["role"], "content": message["content"]} for message in params.get("messages") or []]
    if job.prompt:
        messages.append({"role": "user", "content": job.prompt})
    body: dict[str, Any] = {"model": job.upstream, "messages": messages, "stream": streams(job)}
    if params.get("max_tokens"):
        body[job.adapter.get("tokens", "max_tokens")] = params["max_tokens"]
    if params.get("temperature") is not None:
        body["temperature"] = params["temperature"]
    if body["stream"] and "usage" in job.adapter.get("sends", ()):
        body["stream_options"] = {"include_usage": True}
    return body | job.adapter.get("body", {})


def _analysis(job: Job) -> dict[str, Any]:
    question = job.params.get("question") or job.prompt or QUESTION
    schema, way = job.params.get("schema"), job.adapter.get("schema", "json_schema")
    format: dict[str, Any] = {}
    if schema and way == "json_schema":
        format = {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}}
    elif schema:
        question += "\nAnswer with JSON only, that fits this JSON Schema: " + msgspec.json.encode(schema).decode()
        format = {"response_format": {"type": "json_object"}} if way == "json_object" else {}
    messages = [{"role": "user", "content": _parts(question, job.inputs)}]
    return {"model": job.upstream, "messages": messages, "stream": False} | format | job.adapter.get("body", {})


def _drawn_in_chat(job: Job) -> dict[str, Any]:
    if job.mask is not None:
        raise ProviderFailure("invalid_request", "This model edits without a mask.")
    content = _parts(_prompt(job), job.inputs) if job.inputs else _prompt(job)
    body = _options(job, count=None) | {
        "messages": [{"role": "user", "content": content}],
        "modalities": ["image", "text"],
        "stream": False,
    }
    ratio = _ratio(job)
    return body | ({"image_config": ratio} if ratio else {}) | job.adapter.get("body", {})


def _drawn(job: Job, count: int) -> dict[str, Any] | Form:
    body = _options(job, count) | {"prompt": _prompt(job)} | _ratio(job)
    if endpoint_of(job) == "openrouter-images":
        if job.mask is not None:
            raise ProviderFailure("invalid_request", "This model edits without a mask.")
        references = {"input_references": [_part(given) for given in job.inputs]} if job.inputs else {}
        return body | references | job.adapter.get("body", {})
    if job.kind == "image":
        return body | job.adapter.get("body", {})
    if job.mask is not None and "mask" not in job.adapter.get("sends", ()):
        raise ProviderFailure("invalid_request", "This model edits without a mask.")
    fields = {name: _word(value) for name, value in (body | job.adapter.get("body", {})).items()}
    name = "image" if len(job.inputs) == 1 else "image[]"
    files = [(name, _file(f"input-{number}", given)) for number, given in enumerate(job.inputs, start=1)]
    return Form(fields, files + ([("mask", _file("mask", job.mask))] if job.mask is not None else []))


def _options(job: Job, count: int | None) -> dict[str, Any]:
    sends, params = job.adapter.get("sends", ()), job.params
    options: dict[str, Any] = {
        "count": ("n", count),
        "format": ("output_format", params.get("format")),
        "negative_prompt": ("negative_prompt", unwanted_of(job)),
        "seed": ("seed", params.get("seed")),
        "size": ("size", params.get("size")),
    }
    return {"model": job.upstream} | {name: value for key, (name, value) in options.items() if key in sends and value is not None}


def _prompt(job: Job) -> str:
    return prompt_of(job, job.adapter.get("sends", ()))


def _ratio(job: Job) -> dict[str, str]:
    ratio = ratio_of(job)
    return {"aspect_ratio": ratio} if "aspect_ratio" in job.adapter.get("sends", ()) and ratio else {}


def _parts(text: str, inputs: list[Input]) -> list[dict[str, Any]]:
    """Text before pictures."""
    return [{"type": "text", "text": text}, *map(_part, inputs)]


def _part(given: Input) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(given.data, given.content_type)}}


def _file(stem: str, given: Input) -> tuple[str, bytes, str]:
    return f"{stem}.{given.content_type.rpartition('/')[2]}", given.data, given.content_type


def _word(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
