"""The secret keys in force: the current one, and the previous one while a change is under way."""

import hmac
from collections.abc import Sequence

from infra.secrets.master import KEY_BYTES, MasterKey
from infra.secrets.sealing import unwrap, wrap

WRAPPING = "wrapping keys"
TOKENS = "access tokens"
SIGNING = "signing: "


class UnknownEpoch(Exception):
    """A stored key is wrapped by a secret key that this process does not have."""

    def __init__(self, epoch: str) -> None:
        super().__init__(
            f"A stored key was wrapped by secret key {epoch}, which is neither DAYBOOK_SECRET_KEY nor DAYBOOK_SECRET_KEY_PREVIOUS."
        )


class Keyring:
    """`keys` has the current key first."""

    def __init__(self, current: bytes, previous: bytes | None = None) -> None:
        self._keys = [MasterKey(current), *([MasterKey(previous)] if previous is not None and previous != current else [])]

    @property
    def epoch(self) -> str:
        """The id of the current key, by which new keys are wrapped."""
        return self._keys[0].id

    def wrap(self, key: bytes, name: bytes) -> bytes:
        return wrap(self._keys[0].derive(WRAPPING), key, name)

    def unwrap(self, epoch: str, wrapped: bytes, name: bytes) -> bytes:
        """Raises UnknownEpoch, ValueError."""
        for key in self._keys:
            if key.id == epoch:
                return unwrap(key.derive(WRAPPING), wrapped, name)
        raise UnknownEpoch(epoch)

    def sign(self, purpose: str, data: bytes) -> bytes:
        return hmac.digest(self._keys[0].derive(SIGNING + purpose), data, "sha256")

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool:
        """Also what was signed under the previous key. All keys are tried, so the time tells nothing."""
        good = [hmac.compare_digest(hmac.digest(key.derive(SIGNING + purpose), data, "sha256"), signature) for key in self._keys]
        return any(good)

    def token_keys(self) -> Sequence[bytes]:
        return [key.derive(TOKENS, size=KEY_BYTES) for key in self._keys]
