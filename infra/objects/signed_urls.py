"""Signed, expiring URLs of the directory store: `<public_url>/objects/<key>?content_type&expires&filename&signature`."""

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from domain.assets.storage import SignedUrlRefused

PURPOSE = "object-url"
FIELDS = frozenset({"content_type", "expires", "filename", "signature"})


class Signer(Protocol):
    """The part of the vault that signs. `domain.ports.Vault` is one."""

    def sign(self, purpose: str, data: bytes) -> bytes: ...

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool: ...


class SignedUrl(msgspec.Struct, frozen=True, kw_only=True):
    """What a URL promises. All of it is signed, so none of it can be changed by whoever holds the URL."""

    key: str
    expires: int
    content_type: str
    filename: str | None = None

    def signed_bytes(self) -> bytes:
        # A JSON list: no field can run into its neighbour.
        return msgspec.json.encode(["object-url-1", self.key, self.expires, self.content_type, self.filename])


def make_url(base: str, signer: Signer, promise: SignedUrl) -> str:
    """The absolute URL of *promise*; *base* is the public URL of the API, without a slash at its end."""
    fields = {"content_type": promise.content_type, "expires": str(promise.expires)}
    if promise.filename is not None:
        fields["filename"] = promise.filename
    fields["signature"] = urlsafe_b64encode(signer.sign(PURPOSE, promise.signed_bytes())).decode().rstrip("=")
    return f"{base}/objects/{promise.key}?{urlencode(fields)}"


def read_url(key: str, query: Mapping[str, str], signer: Signer, *, now: datetime) -> SignedUrl:
    """The promise that the URL's parts make.   Raises SignedUrlRefused for whatever was altered, added or has expired."""
    if not query.keys() <= FIELDS:
        raise SignedUrlRefused()
    expires = query.get("expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and expires == str(int(expires))):
        raise SignedUrlRefused()
    promise = SignedUrl(key=key, expires=int(expires), content_type=query.get("content_type", ""), filename=query.get("filename"))
    try:
        signed = promise.signed_bytes()
    except UnicodeEncodeError:
        # A lone surrogate, which was in nothing that was ever signed.
        raise SignedUrlRefused() from None
    if not signer.verify(PURPOSE, signed, _decoded(query.get("signature", ""))):
        raise SignedUrlRefused()
    if now.timestamp() >= promise.expires:
        raise SignedUrlRefused()
    return promise


def expiry(now: datetime, expires_seconds: int) -> int:
    """The Unix second at which a URL made *now* stops to work."""
    return math.ceil(now.timestamp()) + expires_seconds


def _decoded(signature: str) -> bytes:
    """The bytes that are written just so; none for whatever else a lenient reader would take for them."""
    try:
        decoded = urlsafe_b64decode(signature.encode("ascii") + b"=" * (-len(signature) % 4))
    except (NotBase64, UnicodeEncodeError):
        return b""
    return decoded if urlsafe_b64encode(decoded).decode().rstrip("=") == signature else b""
