"""Does a message come from Stripe? `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=…][,v0=…]`.

A signature is the HMAC-SHA256 of `<t>.<raw body>` under the whole `whsec_…` text. Several `v1` stand there while Stripe
rotates the endpoint's secret; several secrets are tried while we do.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from domain.payments.ports import SignatureRefused

HEADER = "stripe-signature"
#: In both directions: what is too old may be a replay, what comes from the future would stay valid for longer than it should.
TOLERANCE_SECONDS = 300
SIGNATURES_MAX = 16
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def check_signature(header: str | None, raw: bytes, *, secrets: Sequence[str], now: datetime) -> None:
    """Raises SignatureRefused unless one of the signatures is right under one of *secrets* and its time is near *now*."""
    if not header:
        raise SignatureRefused(reason="there is no Stripe-Signature header")
    stamp, signatures = _parts(header)
    # Every pair is compared, so that the time this takes tells nothing.
    fits = False
    for secret in secrets:
        right = hmac.digest(secret.encode(), stamp.encode() + b"." + raw, "sha256").hex().encode()
        for signature in signatures:
            fits |= hmac.compare_digest(right, signature.encode())
    if not fits:
        raise SignatureRefused(reason="no signature is right")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise SignatureRefused(reason=f"its time is more than {TOLERANCE_SECONDS} s away from ours")


def _parts(header: str) -> tuple[str, list[str]]:
    """The time as it was written, and the v1 signatures. Other schemes are not looked at."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(stamps) != 1 or not _SECONDS.fullmatch(stamps[0]):
        raise SignatureRefused(reason="the header does not have one time t=<seconds>")
    if not 1 <= len(signatures) <= SIGNATURES_MAX:
        raise SignatureRefused(reason="the header does not have a signature v1=<hex>")
    return stamps[0], signatures
