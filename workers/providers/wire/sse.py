"""Server-sent events, as providers send them: with comments in between, and now and then a bare JSON error where an event should be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from workers.providers.wire.bodies import BodyTooLarge

EVENT_BYTES_MAX = 4 << 20
#: An error is a dozen lines; each closing brace costs a try to read all of them.
BARE_LINES_MAX = 500
DRAIN_SECONDS = 1


class Event(msgspec.Struct, frozen=True):
    """`bare`: it came without `data:`, as errors in the middle of a stream do."""

    data: str
    name: str = "message"
    bare: bool = False


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Every event with data. The last one counts even when the stream ends without the empty line after it.   Raises BodyTooLarge."""
    reading = _Reading()
    async for line in lines(pieces):
        event = reading.line(line)
        if event is not None:
            yield event
    last = reading.end()
    if last is not None:
        yield last


async def drained(events: AsyncIterator[Event]) -> None:
    """Read what follows the last event of interest, so that the connection can be used again; not for long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in events:
                pass


async def lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Lines that end in LF, CRLF or CR. Damaged characters are replaced.   Raises BodyTooLarge."""
    buffer, ended_in_cr = bytearray(), False
    async for piece in pieces:
        for part in piece.splitlines(keepends=True):
            # The second half of a CRLF that was torn apart.
            if ended_in_cr and part == b"\n" and not buffer:
                ended_in_cr = False
                continue
            buffer += part
            ended_in_cr = part.endswith(b"\r")
            if part.endswith((b"\n", b"\r")):
                yield buffer.rstrip(b"\r\n").decode("utf-8", "replace")
                buffer.clear()
            elif len(buffer) > EVENT_BYTES_MAX:
                raise BodyTooLarge
    if buffer:
        yield buffer.decode("utf-8", "replace")


class _Reading:
    """The event that is being put together."""

    def __init__(self) -> None:
        self._data: list[str] = []
        self._name = "message"
        self._bare: list[str] = []
        self._size = 0

    def line(self, line: str) -> Event | None:
        self._size += len(line)
        if self._size > EVENT_BYTES_MAX:
            raise BodyTooLarge
        if self._bare or (line[:1] in ("{", "[") and not self._data):
            return self._bare_line(line)
        if not line:
            return self.end()
        field, _, value = line.partition(":")
        if field == "data":
            self._data.append(value.removeprefix(" "))
        elif field == "event":
            self._name = value.removeprefix(" ")
        return None

    def end(self) -> Event | None:
        """What was put together so far."""
        data, name, bare = self._data, self._name, self._bare
        self._data, self._name, self._bare, self._size = [], "message", [], 0
        if bare:
            return Event("\n".join(bare), bare=True)
        return Event("\n".join(data), name) if data else None

    def _bare_line(self, line: str) -> Event | None:
        """JSON printed over several lines is whole when it can be read."""
        self._bare.append(line)
        if len(self._bare) > BARE_LINES_MAX:
            raise BodyTooLarge
        if line.rstrip()[-1:] not in ("}", "]"):
            return None
        try:
            msgspec.json.decode("\n".join(self._bare))
        except (msgspec.DecodeError, RecursionError):
            return None
        return self.end()
