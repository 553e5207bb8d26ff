"""The secret key of the installation. No purpose uses it directly: each has a key of its own, derived by HKDF-SHA-256."""

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES_MIN = 16
KEY_BYTES = 32
_SALT = b"daybook secret key v1"


class MasterKey:
    """One secret key. `id` names it without telling anything about it."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES_MIN:
            raise ValueError(f"the secret key must have at least {SECRET_BYTES_MIN} bytes")
        self._secret = secret
        self.derive = lru_cache(maxsize=64)(self._derive)
        self.id = self._derive("key id", size=6).hex()

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"

    def _derive(self, purpose: str, size: int = KEY_BYTES) -> bytes:
        """The key for *purpose*. Keys of different purposes tell nothing about each other."""
        return HKDF(algorithm=SHA256(), length=size, salt=_SALT, info=purpose.encode()).derive(self._secret)
