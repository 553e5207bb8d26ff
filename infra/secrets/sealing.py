"""AES-256-GCM: text sealed for one subject, and keys wrapped by another key."""

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX = "s1."
NONCE_BYTES = 12
INDEX_CHARS = 16
#: Base64 for URLs (RFC 4648, 5).
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class DataKey:
    """Implements `domain.ports.SubjectKey`. What is sealed for one account cannot be passed off as another's: its id is bound in."""

    __slots__ = ("_account", "_cipher", "_fingerprint", "_index")

    def __init__(self, account_id: UUID, key: bytes) -> None:
        self._account = account_id.bytes
        self._cipher = AESGCM(key)
        # Begun once: a copy costs less than half of a new one.
        self._fingerprint = hmac.new(hmac.digest(key, b"fingerprint", "sha256"), digestmod="sha256")
        self._index = hmac.digest(key, b"index", "sha256")

    def seal(self, plaintext: str, *, about: str = "") -> str:
        nonce = os.urandom(NONCE_BYTES)
        packed = nonce + self._cipher.encrypt(nonce, plaintext.encode(), self._account + about.encode())
        return PREFIX + b2a_base64(packed, newline=False).translate(_URL_SAFE, b"=").decode()

    def open(self, sealed: str, *, about: str = "") -> str:
        if not sealed.startswith(PREFIX):
            raise ValueError("not a sealed text")
        text = sealed[len(PREFIX) :]
        packed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        try:
            return self._cipher.decrypt(packed[:NONCE_BYTES], packed[NONCE_BYTES:], self._account + about.encode()).decode()
        except InvalidTag:
            raise ValueError("the sealed text was altered, or belongs to somebody else") from None

    def fingerprint(self, data: bytes) -> bytes:
        begun = self._fingerprint.copy()
        begun.update(data)
        return begun.digest()

    def index(self, word: str) -> str:
        return hmac.new(self._index, word.encode(), hashlib.sha256).hexdigest()[:INDEX_CHARS]


def wrap(wrapping_key: bytes, key: bytes, name: bytes) -> bytes:
    """*key* under *wrapping_key*, bound to *name*."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, key, name)


def unwrap(wrapping_key: bytes, wrapped: bytes, name: bytes) -> bytes:
    """The opposite of `wrap`.   Raises ValueError."""
    try:
        return AESGCM(wrapping_key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], name)
    except InvalidTag:
        raise ValueError("a stored key does not open with this secret key") from None
