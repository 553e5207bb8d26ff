"""What the caller wrote for a generation, sealed as one text."""

from typing import Any

import msgspec

from domain.ports import SubjectKey


class Words(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """In the clear; it leaves this process only sealed."""

    prompt: str
    negative_prompt: str | None = None
    tags: list[str] = []
    #: Params that are words or no whole numbers: what is sealed of them depends on the kind.
    private: dict[str, Any] = {}
    #: Each {"asset_id": …} or {"url": …}, in the caller's order.
    inputs: list[dict[str, str]] = []
    #: Where its owner is told of it.
    webhook_url: str | None = None

    def sealed(self, key: SubjectKey) -> str:
        return key.seal(_ENCODE(self).decode())


def opened(key: SubjectKey, sealed: str) -> Words:
    """The opposite of `sealed`."""
    return _DECODE(key.open(sealed))


def private_params(words: Words) -> dict[str, Any]:
    """The params that lie sealed with the prompt."""
    # Requests from before there were other kinds kept the only one they had beside the prompt.
    return words.private or {"negative_prompt": words.negative_prompt}


_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Words).decode
