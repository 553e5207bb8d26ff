"""What the caller wrote for a generation, sealed as one text."""

import msgspec

from domain.ports import SubjectKey


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """In the clear; it leaves this process only sealed."""

    prompt: str
    negative_prompt: str | None = None
    tags: list[str] = []

    def sealed(self, key: SubjectKey) -> str:
        return key.seal(_ENCODE(self).decode())


def opened(key: SubjectKey, sealed: str) -> Words:
    """The opposite of `sealed`."""
    return _DECODE(key.open(sealed))


_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Words).decode
