"""What adapters read from a row's `adapter`, by provider: a wrong word would fail only when somebody has paid for it."""

from collections.abc import Callable
from typing import Any

Rule = tuple[Callable[[Any], bool], str]

#: What models with a schema of their own can be told; see workers/providers/wire/fields.py.
TOLD = frozenset(
    {
        *("aspect_ratio", "count", "duration", "format", "height", "inputs", "mask", "negative_prompt", "prompt", "quality", "seed"),
        *("size", "speed", "voice", "width"),
    }
)


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) and text for text in value.values())


def _fields(value: Any) -> bool:
    """Only a size has two parts."""
    return _texts(value) and set(value) <= TOLD and not any(name.endswith("{}") and word != "size" for word, name in value.items())


def _templates(value: Any) -> bool:
    return _texts(value) and set(value) <= TOLD and all(text.count("{}") == 1 and text.count("{") == 1 for text in value.values())


def _some(*words: str) -> Rule:
    return lambda value: isinstance(value, list) and set(map(str, value)) <= set(words), f"is not a list from {', '.join(words)}"


def _one(*words: str) -> Rule:
    return lambda value: value in words, f"is not one of {', '.join(words)}"


BODY: Rule = (lambda value: isinstance(value, dict), "must be a table of fields to send")
FIELDS: Rule = (_fields, f"must be a table of names for {', '.join(sorted(TOLD))}")
SHOWN: Rule = (_templates, "must be a table of texts with one {} each")
TEXTS: Rule = (_texts, "must be a table of texts")
WORDS: Rule = (
    lambda value: isinstance(value, dict) and set(value) <= TOLD and all(map(_texts, value.values())),
    "must be a table of tables of texts",
)
FLAG: Rule = (lambda value: isinstance(value, bool), "must be true or false")
SCHEMA = {"body": BODY, "fields": FIELDS, "shown": SHOWN, "words": WORDS}

#: See workers/providers/openai_compatible/requests.py.
OPENAI: dict[str, Rule] = {
    "body": BODY,
    "endpoint": _one("chat", "images", "openrouter-images"),
    "schema": _one("json_object", "json_schema", "words"),
    "sends": _some("aspect_ratio", "count", "format", "mask", "negative_prompt", "seed", "size", "usage"),
    "streams": FLAG,
    "tokens": _one("max_completion_tokens", "max_tokens"),
}

RULES: dict[str, dict[str, Rule]] = {
    "builtin": {
        "delay_ms": (lambda value: type(value) is int and 0 <= value <= 10_000, "must be a whole number of milliseconds up to 10000")
    },
    "elevenlabs": {
        "body": BODY,
        "formats": TEXTS,
        "voice": (lambda value: isinstance(value, str), "must be a voice"),
        "voices": TEXTS,
    },
    "fal": SCHEMA,
    "gemini": {
        "config": BODY,
        "image_size": _one("512", "1K", "2K", "4K"),
        "safety": _one("BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "OFF"),
        "sends": _some("aspect_ratio", "seed"),
    },
    "google-video": {
        "delivery": _one("inline", "uri"),
        "format": BODY,
        "parameters": BODY,
        "pictures": _one("bytes", "inline"),
        "protocol": _one("interactions", "operations"),
        "seconds": _one("number", "text"),
        "sends": _some("aspect_ratio", "duration", "negative_prompt", "quality"),
    },
    "kie-runway": {"body": BODY},
    "kie-veo": {"body": BODY},
    "openai": OPENAI,
    "openai-compatible": OPENAI,
    "openrouter": OPENAI,
    "openrouter-videos": {"body": BODY},
    "replicate": SCHEMA,
    "stability": {"body": BODY},
}


def fault_of(provider: str, adapter: dict[str, Any]) -> tuple[str, str] | None:
    """The first key that is wrong and why; None when all is well or the provider has no rules here."""
    rules = RULES.get(provider)
    if rules is None:
        return None
    for key, value in adapter.items():
        if key not in rules:
            return key, f"unknown key; known are {', '.join(sorted(rules))}"
        holds, rule = rules[key]
        if not holds(value):
            return key, rule
    return None
