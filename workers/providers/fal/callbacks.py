"""Signed callbacks: ED25519 over `id\nuser\ntime\nsha256(body)`, with keys that fal publishes and that may be kept for a day."""

import hashlib
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.ports import Outgoing
from workers.providers.wire.failures import document_of
from workers.providers.wire.signatures import is_recent, lowered

JWKS_URL = "https://rest.fal.ai/.well-known/jwks.json"
JWKS_BYTES_MAX = 64 << 10
KEYS_MAX = 16
FRESH_SECONDS = 24 * 3_600
#: So long after a try the keys are not asked for again, whatever callbacks come.
PAUSE_SECONDS = 30
NAMES = ("x-fal-webhook-request-id", "x-fal-webhook-user-id", "x-fal-webhook-timestamp")


class PublishedKeys:
    """The keys at *url*, kept for a day."""

    def __init__(self, outgoing: Outgoing, url: str = JWKS_URL, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._outgoing, self._url, self._monotonic = outgoing, url, monotonic
        self._keys: list[Ed25519PublicKey] = []
        self._read_at = self._tried_at = float("-inf")

    @property
    def stale(self) -> bool:
        """Whether they should be read again, and may."""
        now = self._monotonic()
        return now - self._read_at > FRESH_SECONDS and now - self._tried_at > PAUSE_SECONDS

    async def read(self) -> None:
        """Raises UrlRefused, FetchFailed; what was known stays."""
        self._tried_at = self._monotonic()
        fetched = await self._outgoing.fetch(self._url, bytes_max=JWKS_BYTES_MAX)
        self.learn(document_of(fetched.data))

    def learn(self, document: Any) -> None:
        """What a JSON Web Key Set says, unless it has no key."""
        found = keys_of(document)
        if found:
            self._keys, self._read_at = found, self._monotonic()

    def signed(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Whether one of the keys has signed this, and just now. Keys that could not be read again for a day count no more."""
        if self._monotonic() - self._read_at > 2 * FRESH_SECONDS:
            return False
        given = lowered(headers)
        words = [given.get(name, "") for name in NAMES]
        if not all(words) or not is_recent(words[2], now):
            return False
        try:
            signature = bytes.fromhex(given.get("x-fal-webhook-signature", ""))
        except ValueError:
            return False
        message = "\n".join([*words, hashlib.sha256(body).hexdigest()]).encode()
        return any(_verified(key, signature, message) for key in self._keys)


def keys_of(document: Any) -> list[Ed25519PublicKey]:
    """The ED25519 keys of a JSON Web Key Set; others are left out."""
    listed = document.get("keys") if isinstance(document, dict) else None
    found = []
    for each in listed[:KEYS_MAX] if isinstance(listed, list) else []:
        text = each.get("x") if isinstance(each, dict) else None
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if isinstance(text, str) else b""
            found.append(Ed25519PublicKey.from_public_bytes(raw))
        except ValueError:
            continue
    return found


def _verified(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
