"""`X-OpenRouter-Signature: t=<seconds>,v1=<hex>` over time and body, joined with a comma."""

import hmac
from collections.abc import Mapping
from datetime import datetime

from workers.providers.wire.signatures import is_recent, lowered

HEADER = "x-openrouter-signature"


def heard(headers: Mapping[str, str], body: bytes, *, now: datetime, secret: str | None) -> bool:
    """Whether to look at the job now. Without *secret* whoever knows the callback's URL is believed that much."""
    if secret is None:
        return True
    fields = dict(part.strip().split("=", 1) for part in lowered(headers).get(HEADER, "").split(",") if "=" in part)
    timestamp, given = fields.get("t", ""), fields.get("v1", "")
    if not is_recent(timestamp, now):
        return False
    right = hmac.new(secret.encode(), f"{timestamp},".encode() + body, "sha256").hexdigest()
    return hmac.compare_digest(right.encode(), given.encode())
