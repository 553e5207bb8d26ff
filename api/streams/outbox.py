"""What waits to be sent to one reader. Whoever falls too far behind is closed, and comes back by its last id."""

import asyncio
from typing import Any

from domain.kernel.limits import STREAM_WAITING_BYTES_MAX

#: A page of old events is read on when less than this waits.
ROOM_BYTES = 64 << 10


class ReaderTooSlow(Exception):
    """More waits for the reader than may."""


class Outbox:
    """`put` at any time; `run` sends, one chunk at a time."""

    def __init__(self, response: Any, transport: Any) -> None:
        self._response = response
        self._transport = transport
        self._frames: list[bytes] = []
        self._bytes = 0
        self._sending = 0
        self._filled = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Bytes that the reader has not taken from this process."""
        return self._bytes + self._sending + int(self._transport.get_write_buffer_size())

    @property
    def stuck(self) -> bool:
        """Something could not be handed to the connection."""
        return bool(self._bytes + self._sending)

    def put(self, frame: bytes) -> None:
        """Raises ReaderTooSlow."""
        if self.waiting > STREAM_WAITING_BYTES_MAX:
            raise ReaderTooSlow()
        self._frames.append(frame)
        self._bytes += len(frame)
        self._filled.set()

    async def room(self) -> None:
        """Wait until the reader has taken nearly everything: for whoever has more to tell than may wait."""
        while self._bytes + self._sending > ROOM_BYTES:
            self._moved.clear()
            await self._moved.wait()

    async def emptied(self) -> None:
        while self.stuck:
            self._moved.clear()
            await self._moved.wait()

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            chunk, self._frames = b"".join(self._frames), []
            self._bytes, self._sending = 0, len(chunk)
            await self._response.send(chunk)
            self._sending = 0
            self._moved.set()
