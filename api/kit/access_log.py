"""One line per request. It names route, status, request id, account and position; never an address, a query or a body."""

import logging
from typing import Any

from api.kit.call import Call

#: What a security log is read for: refused credentials, missing rights, reached limits.
SECURITY_STATUSES = frozenset({401, 403, 429})


class AccessLog:
    """Writes through a structlog logger; field `log` is `access`, or `security` for refused access."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __call__(self, call: Call, status: int, code: str, seconds: float) -> None:
        if not self._log.is_enabled_for(logging.INFO):
            return
        fields: dict[str, Any] = {
            "log": "security" if status in SECURITY_STATUSES else "access",
            "method": call.request.method,
            "route": call.route.template,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "request_id": call.request_id,
        }
        if call.account:
            fields["account"] = call.account
        if call.position is not None:
            fields["position"] = call.position
        if code:
            fields["code"] = code
        self._log.info("request", **fields)
