"""Deliveries by Standard Webhooks: checked before they are read."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from daybook_client.errors import WebhookRefused

TOLERANCE_SECONDS = 300


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> dict[str, Any]:
    """The payload of a delivery that *secret* (`whsec_…`) signed within the last five minutes.   Raises WebhookRefused.

    `webhook-id` is the same for all attempts of an event: keep it, and leave out what came before.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        id, stamp, signatures = found["webhook-id"], found["webhook-timestamp"], found["webhook-signature"]
        sent_at = int(stamp)
    except (KeyError, ValueError) as error:
        raise WebhookRefused("its headers are missing or malformed") from error
    if abs((time.time() if now is None else now) - sent_at) > TOLERANCE_SECONDS:
        raise WebhookRefused("it is too old, or a clock is wrong")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures.split()):
        raise WebhookRefused("no signature fits")
    payload: dict[str, Any] = json.loads(body)
    return payload
