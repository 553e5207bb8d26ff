"""`X-Webhook-Signature` signs the task's id and the time, not the body: a true pair can stand over any words. So it wakes, no more."""

import hmac
from collections.abc import Mapping
from datetime import datetime

from workers.providers.wire.failures import document_of
from workers.providers.wire.signatures import hmac_base64, is_recent, lowered


def heard(headers: Mapping[str, str], body: bytes, *, now: datetime, secret: str | None) -> bool:
    """Whether to look at the job now. Without *secret* whoever knows the callback's URL is believed that much."""
    document = document_of(body)
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        return False
    task = data.get("task_id", data.get("taskId"))
    if not isinstance(task, str):
        return False
    if secret is None:
        return True
    given = lowered(headers)
    timestamp, signature = given.get("x-webhook-timestamp", ""), given.get("x-webhook-signature", "")
    if not is_recent(timestamp, now):
        return False
    right = hmac_base64(secret.encode(), f"{task}.{timestamp}".encode())
    return hmac.compare_digest(right.encode(), signature.encode())
