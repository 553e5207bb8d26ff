"""Idempotency-Key: reading it, the request's fingerprint, and twins in flight."""

import asyncio
import re
from typing import Any
from uuid import UUID

from api.kit.refusals import IdempotencyInProgress, InvalidHeader
from domain.kernel.limits import IDEMPOTENCY_KEY_CHARS_MAX

TWIN_SECONDS = 5.0
_VISIBLE = re.compile(rf"[\x21-\x7e]{{1,{IDEMPOTENCY_KEY_CHARS_MAX}}}")
HEADER = "Idempotency-Key"


def read_key(headers: Any) -> str | None:
    """The key of a request, without its outer quotes.   Raises InvalidHeader."""
    lines = headers.getall("idempotency-key", None)
    if lines is None:
        return None
    if len(lines) > 1:
        raise InvalidHeader(header=HEADER, reason="was sent more than once")
    key = lines[0].strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _VISIBLE.fullmatch(key):
        raise InvalidHeader(header=HEADER, reason=f"must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters")
    return key


def fingerprinted(method: str, path: str, body: bytes) -> bytes:
    """What a fingerprint is made of: method, path (with its ids) and the document as sent. No headers."""
    return b"\0".join((method.encode(), path.encode(), body))


class Twins:
    """The keyed commands this process is executing. A second one with the same id waits for the first."""

    def __init__(self) -> None:
        #: What the waiting twins wait for; None while there are none.
        self._running: dict[int, asyncio.Future[None] | None] = {}

    async def enter(self, command_id: UUID) -> None:
        """Hold *command_id* until `leave`.   Raises IdempotencyInProgress after 5 s of waiting for a twin."""
        key = command_id.int
        if key in self._running:
            try:
                async with asyncio.timeout(TWIN_SECONDS):
                    while key in self._running:
                        first = self._running[key] or asyncio.get_running_loop().create_future()
                        self._running[key] = first
                        await asyncio.wait({first})
            except TimeoutError:
                raise IdempotencyInProgress(retry_after=1) from None
        self._running[key] = None

    def leave(self, command_id: UUID) -> None:
        waited_for = self._running.pop(command_id.int)
        if waited_for is not None:
            waited_for.set_result(None)
