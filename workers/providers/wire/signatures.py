"""Signatures of callbacks. A callback only wakes: whatever it says is read again at the provider."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime

#: How far from now a signed time may be.
TOLERANCE_SECONDS = 300
PREFIX = "whsec_"


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def is_recent(timestamp: str, now: datetime) -> bool:
    """Whether *timestamp*, in whole seconds, is close enough to *now*."""
    return (
        timestamp.isascii()
        and timestamp.isdecimal()
        and len(timestamp) <= 12
        and abs(now.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS
    )


def hmac_base64(key: bytes, message: bytes) -> str:
    return b64encode(hmac.digest(key, message, "sha256")).decode()


def standard_webhook(headers: Mapping[str, str], body: bytes, *, secret: str, now: datetime) -> bool:
    """Standard Webhooks: one of the `v1` signatures over `id.timestamp.body` is right, and the time is."""
    given = lowered(headers)
    name, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not name or not is_recent(timestamp, now):
        return False
    try:
        key = b64decode(secret.removeprefix(PREFIX))
    except (NotBase64, ValueError):
        return False
    right = b"v1," + hmac_base64(key, f"{name}.{timestamp}.".encode() + body).encode()
    return any(hmac.compare_digest(each.encode(), right) for each in given.get("webhook-signature", "").split(" "))
