"""A reader of a person's stream of events: in order, nothing twice, every end once, and it goes on where it was cut off."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from tests.soak.book import Book
from tests.soak.client import Person, Turn
from tests.soak.submitting import GENERATIONS, Ask
from tests.soak.wire import headers_of

PAUSE_SECONDS, FOLLOW_SECONDS_MAX = 0.2, 60.0
PASSING = ("generation.progress", "generation.text_delta")
FINALS = {"generation.succeeded", "generation.failed", "generation.canceled"}


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, str]]:
    """Chunks of HTTP, and in them frames that end with an empty line; each frame's fields by their names."""
    buffer = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        buffer += (await reader.readexactly(size + 2))[:-2]
        *whole, buffer = buffer.split(b"\n\n")
        for frame in whole:
            lines = (line.partition(":") for line in frame.decode().split("\n"))
            yield {name: value.removeprefix(" ") for name, _, value in lines}


async def follow(turn: Turn) -> None:
    """One generation from its submit to its end: a snapshot, then what happens, its end last; then the stream is closed."""
    person, ask = turn.person, Ask("soak/brief", "followed")
    assert person is not None
    answer = await turn.ask("POST", GENERATIONS, 202, body=ask.body, key=turn.client.key())
    if answer is None:
        return
    made = turn.book.accepted(person.account.id, answer.json, quoted=ask.price, request_id=turn.request_id, may_end=ask.may_end)
    reader, writer = await asyncio.open_connection("127.0.0.1", turn.client.wire.port)
    try:
        path = f"{GENERATIONS}/{made.id}/events"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {person.token}\r\n\r\n".encode())
        async with asyncio.timeout(FOLLOW_SECONDS_MAX):
            status = int((await reader.readuntil(b"\r\n\r\n"))[9:12])
            if not turn.expect(status == 200, f"the stream of {made.id} answers {status}"):
                return
            told = [(frame["event"], json.loads(frame["data"])) async for frame in frames(reader) if "data" in frame]
    finally:
        writer.close()
    types = [type_ for type_, _ in told if type_ not in PASSING]
    positions = [event["position"] for type_, event in told if type_ not in PASSING]
    turn.expect(types[0] == "snapshot" and types[-1] in (*FINALS, "snapshot"), f"the stream of {made.id} tells {types}")
    turn.expect(positions == sorted(positions), f"the stream of {made.id} goes back: {positions}")
    for type_, event in told:
        if type_ not in PASSING:
            turn.book.saw(person.account.id, event["data"], sent_at=0, request_id="stream")
    turn.expect(made.final, f"the stream of {made.id} ended, and it is {made.status}")


class StreamReader:
    def __init__(self, book: Book, person: Person, port: int) -> None:
        self._book, self._person, self._port = book, person, port
        self._last_id = 0
        self._told: set[tuple[int, str]] = set()
        self.finals: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.account = person.account.id
        self.began = asyncio.Event()

    async def run(self) -> None:
        """Until it is canceled. A stream ends with its token; whoever comes back names the last event."""
        while True:
            try:
                await self._read()
            except (asyncio.IncompleteReadError, ConnectionError):
                self.counts["cut off"] += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def _read(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        try:
            last = f"Last-Event-ID: {self._last_id}\r\n" if self._last_id else ""
            ask = f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._person.token}\r\n{last}\r\n"
            writer.write(ask.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            if not self._book.expect(status == 200, f"a stream answers {status}"):
                await asyncio.sleep(1)
                return
            self.counts["connections"] += 1
            self._last_id = self._last_id or int(headers_of(head)["daybook-position"])
            self.began.set()
            async for frame in frames(reader):
                self._frame(frame)
        finally:
            writer.close()

    def _frame(self, fields: dict[str, str]) -> None:
        if "data" in fields and fields.get("event") not in PASSING:
            self._event(fields["event"], json.loads(fields["data"]))
        if "id" in fields:
            self._last_id = int(fields["id"])

    def _event(self, type_: str, told: dict[str, Any]) -> None:
        self.counts["events"] += 1
        position = told["position"]
        self._book.expect(position >= self._last_id, f"a stream goes back from {self._last_id} to {position}")
        if (position, type_) in self._told:
            # Of two events of one position only the last has the id: who is cut off between them is told both again.
            self.counts["again"] += 1
            self._book.expect(self.counts["connections"] > 1, f"a stream tells {type_} of {position} twice")
            return
        self._told.add((position, type_))
        data = told["data"]
        if type_.startswith("generation.") and isinstance(data, dict) and "credits" in data:
            self._book.saw(self._person.account.id, data, sent_at=0, request_id="stream")
        if type_ in FINALS:
            self._book.expect(data["id"] not in self.finals, f"a stream tells a second end of {data['id']}: {type_}")
            self.finals[data["id"]] = type_.removeprefix("generation.")
