"""What a person tells about himself, sealed as one text."""

import msgspec

from domain.ports import SubjectKey


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """In the clear; it leaves this process only sealed."""

    email: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None

    def sealed(self, key: SubjectKey) -> str:
        return key.seal(msgspec.json.encode(self).decode())


def opened(key: SubjectKey, sealed: str) -> Profile:
    """The opposite of `sealed`."""
    return msgspec.json.decode(key.open(sealed), type=Profile)
