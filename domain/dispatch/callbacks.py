"""Where a provider may say that it is done. Nobody can guess the place, and whoever is there only makes us look."""

import base64
import binascii
from typing import NamedTuple
from uuid import UUID

from domain.ports import Vault

PURPOSE = "callback"
_SAID_BYTES = 16 + 4
_TOKEN_BYTES = _SAID_BYTES + 32


class Called(NamedTuple):
    """What a token stands for."""

    generation_id: UUID
    attempt: int


def callback_path(vault: Vault, provider: str, generation_id: UUID, attempt: int) -> str:
    """The place for one attempt of one generation at one provider."""
    said = generation_id.bytes + attempt.to_bytes(4, "big")
    token = base64.urlsafe_b64encode(said + vault.sign(PURPOSE, _signed(provider, said)))
    return f"/v1/callbacks/{provider}/{token.rstrip(b'=').decode()}"


def called(vault: Vault, provider: str, token: str) -> Called | None:
    """None for a token that is not ours."""
    try:
        data = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    said = data[:_SAID_BYTES]
    if len(data) != _TOKEN_BYTES or not vault.verify(PURPOSE, _signed(provider, said), data[_SAID_BYTES:]):
        return None
    return Called(UUID(bytes=said[:16]), int.from_bytes(said[16:], "big"))


def _signed(provider: str, said: bytes) -> bytes:
    return provider.encode() + b"\0" + said
