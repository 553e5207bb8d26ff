"""The port `Media`: each look in a child process, a bounded number waiting, none longer than its limit."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from domain.assets.media import Examined, MediaRejected
from domain.assets.storage import MediaBusy
from domain.kernel import limits
from infra.media import looking

Found = TypeVar("Found")
RETRY_AFTER_SECONDS = 2


class Run(Protocol):
    """Runs a plain function in a child process; cancelling it ends the process."""

    async def __call__(self, work: Callable[..., Found], *arguments: Any) -> Found: ...


class ChildMedia:
    """Implements `domain.ports.Media`."""

    def __init__(self, run: Run, *, at_once: int) -> None:
        """*run* is nobody else's and does *at_once* things at a time, so that what takes long is the file's own fault."""
        self._run = run
        self._slots = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def examine(self, source: Path | bytes, declared: str | None = None, *, bytes_max: int = limits.UPLOAD_BYTES_MAX) -> Examined:
        return await self._look(looking.examine, source, declared, bytes_max)

    async def rendition(self, source: Path | bytes, content_type: str, *, width: int, format: str) -> bytes:
        return await self._look(looking.rendition, source, content_type, width, format)

    async def _look(self, work: Callable[..., Found], *arguments: Any) -> Found:
        if self._waiting >= limits.MEDIA_WAITING_MAX:
            raise MediaBusy(retry_after=RETRY_AFTER_SECONDS)
        self._waiting += 1
        try:
            async with self._slots, asyncio.timeout(limits.MEDIA_SECONDS_MAX):
                return await self._run(work, *arguments)
        except TimeoutError as error:
            raise MediaRejected("too_slow") from error
        finally:
            self._waiting -= 1
