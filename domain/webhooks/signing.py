"""Standard Webhooks 1.0: secrets, and the signature of what is sent."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32


def secret_of(random: bytes) -> str:
    """The text of a new secret from *random*, `SECRET_BYTES` of them."""
    return PREFIX + b64encode(random).decode()


def signature_of(secrets: Sequence[str], *, id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each of *secrets*, over exactly these bytes."""
    signed = f"{id}.{timestamp}.".encode() + body
    digests = (hmac.digest(b64decode(secret.removeprefix(PREFIX)), signed, "sha256") for secret in secrets)
    return " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)
