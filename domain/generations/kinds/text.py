"""Params of the kind `text`."""

from typing import Annotated, Any, Literal

import msgspec

from domain.generations.kinds.kind import Kind, Params, refused
from domain.kernel import limits
from domain.providers.catalogue import Model

#: A token is rarely shorter; what a provider counts beyond the hold is not charged.
CHARS_PER_TOKEN = 3
MAX_TOKENS = 1_024

Content = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MESSAGE_CHARS_MAX)]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One turn of a conversation."""

    role: Literal["assistant", "system", "user"]
    content: Content


class TextParams(Params, frozen=True, kw_only=True):
    """What can be set for a text. `messages` come before the prompt, which is then the last turn of the user.

    `stream`: the text is told while it is written.
    """

    messages: Annotated[list[Message], msgspec.Meta(max_length=limits.MESSAGES_MAX)] = []
    system: Content | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=limits.TEXT_TOKENS_MAX)] = MAX_TOKENS
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    stream: bool = True


def defaults(model: Model) -> dict[str, Any]:
    return {"max_tokens": min(MAX_TOKENS, model.max_tokens)}


def check(model: Model, params: TextParams) -> None:
    if params.max_tokens > model.max_tokens:
        raise refused("/params/max_tokens", f"this model writes at most {model.max_tokens}")
    if sum(len(message.content) for message in params.messages) > limits.MESSAGES_CHARS_MAX:
        raise refused("/params/messages", f"are longer than {limits.MESSAGES_CHARS_MAX} characters together")


def narrow(model: Model, properties: dict[str, Any]) -> None:
    properties["max_tokens"] = {"type": "integer", "minimum": 1, "maximum": model.max_tokens, "default": defaults(model)["max_tokens"]}


def most(params: dict[str, Any], prompt_chars: int) -> int:
    chars = prompt_chars + len(params["system"] or "") + sum(len(message["content"]) for message in params["messages"])
    return tokens_of(chars) + int(params["max_tokens"])


def tokens_of(chars: int) -> int:
    """How many tokens so many characters are taken for where nobody counted."""
    return -(-chars // CHARS_PER_TOKEN)


KIND = Kind(TextParams, defaults, check, narrow, most, private=frozenset({"messages", "system", "temperature"}), prompt_required=False)
