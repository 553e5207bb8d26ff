"""A load generator over raw keep-alive connections, in a process of its own so that it never shares a loop with what it measures.

Reads a plan as JSON on standard input and prints what it saw as JSON: {"rate", "p50_ms", "p99_ms", "statuses", "ids", "cpu_seconds"},
with `keep_samples` also "samples": [[when it was answered (Unix time), milliseconds], …].
Bounded by the plan's `seconds` or `requests`, whichever ends first; targets loopback only. Without `rate` each connection asks again as
soon as it is answered (or `pause_ms` later). With `rate` requests are due at even times whatever the answers do, and a request that had
to wait for a free connection is late by that much: a slow server cannot slow its own measure down. What could not be asked within
LATE_SECONDS after the plan's end is counted as "unsent".
"""

import asyncio
import itertools
import json
import re
import resource
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import uvloop

LATE_SECONDS = 10
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


def first_answer(buffer: bytes) -> tuple[int, bytes, bytes] | None:
    """Status, body and what follows, or None while the answer is not whole."""
    end = buffer.find(b"\r\n\r\n") + 4
    if end < 4:
        return None
    said = LENGTH.search(buffer, 0, end)
    whole = end + int(said[1]) if said else end
    return None if len(buffer) < whole else (int(buffer[9:12]), buffer[end:whole], buffer[whole:])


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time. Callbacks only: what is spared here is left for what is measured."""

    def __init__(self, run: "Run", pace: "Pace", token: str) -> None:
        self.run = run
        self.pace = pace
        self.before, self.after = run.around(token)
        self.buffer = b""
        self.due = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(ConnectionError("the server closed the connection"))

    def next(self) -> None:
        due = self.pace.due()
        if due is None:
            self.ended.set_result(None)
            self.transport.close()
        elif (early := due - time.perf_counter()) > 0:
            asyncio.get_running_loop().call_later(early, self.ask)
        else:
            self.ask(due)

    def ask(self, due: float | None = None) -> None:
        """What waited for an answer is late since *due*; a timer that is a millisecond late has kept nobody waiting."""
        self.due = time.perf_counter() if due is None else due
        self.transport.write(b"%b%b%b" % (self.before, next(self.run.keys), self.after))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        answer = first_answer(self.buffer)
        if answer is None:
            return
        status, body, self.buffer = answer
        self.run.note(status, body, (time.perf_counter() - self.due) * 1000)
        if self.run.pause_seconds:
            asyncio.get_running_loop().call_later(self.run.pause_seconds, self.next)
        else:
            self.next()


class Pace:
    """When the next request is due, shared by all connections of a plan; None when there is none."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.left = itertools.count(plan.get("requests", 10**9) - 1, -1)
        self.begin = time.perf_counter()
        self.until = self.begin + plan.get("seconds", 60)
        self.rate = plan.get("rate")
        self.number = itertools.count()
        self.unsent = 0

    def due(self) -> float | None:
        now = time.perf_counter()
        due = self.begin + next(self.number) / self.rate if self.rate else now
        if due >= self.until or next(self.left) < 0:
            return None
        if now > self.until + LATE_SECONDS:
            self.unsent = round((self.until - due) * self.rate)
            self.until = due
            return None
        return due


class Run:
    """One plan: `connections` clients, each with its own bearer token (tokens are dealt round)."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.pause_seconds = plan.get("pause_ms", 0) / 1000
        self.keys = idempotency_keys() if plan.get("body") is not None else itertools.repeat(b"")
        self.milliseconds: list[float] = []
        self.samples: list[tuple[float, float]] = []
        self.statuses: Counter[int] = Counter()
        self.ids: list[str] = []

    async def connection(self, number: int, pace: Pace) -> None:
        token = self.plan["tokens"][number % len(self.plan["tokens"])]
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self, pace, token), "127.0.0.1", self.plan["port"])
        await connection.ended

    def note(self, status: int, body: bytes, milliseconds: float) -> None:
        self.milliseconds.append(milliseconds)
        self.statuses[status] += 1
        if self.plan.get("keep_samples"):
            self.samples.append((time.time(), milliseconds))
        if self.plan.get("keep_ids") and status in (201, 202):
            self.ids.append(json.loads(body)["id"])

    def around(self, token: str) -> tuple[bytes, bytes]:
        """A request of *token*, before and after its idempotency key."""
        body = json.dumps(self.plan["body"]).encode() if self.plan.get("body") is not None else b""
        lines = [
            f"{self.plan['method']} {self.plan['path']} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {token}",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in self.plan.get("headers", {}).items()),
        ]
        if body:
            lines += ["Content-Type: application/json", "Idempotency-Key: "]
        return "\r\n".join(lines).encode(), b"\r\n\r\n" + body

    async def run(self) -> dict[str, Any]:
        before = cpu_seconds()
        pace = Pace(self.plan)
        await asyncio.gather(*(self.connection(number, pace) for number in range(self.plan["connections"])))
        elapsed = time.perf_counter() - pace.begin
        taken = sorted(self.milliseconds)
        return {
            "rate": len(taken) / elapsed,
            "seconds": elapsed,
            "p50_ms": quantile(taken, 0.50),
            "p99_ms": quantile(taken, 0.99),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "ids": self.ids,
            "samples": self.samples,
            "unsent": pace.unsent,
            "cpu_seconds": cpu_seconds() - before,
        }


def idempotency_keys() -> Iterator[bytes]:
    """UUIDs that nobody else has, for less than a random one each."""
    ours = uuid.uuid4().bytes[:10].hex()
    begin = f"{ours[:8]}-{ours[8:12]}-{ours[12:16]}-{ours[16:]}-".encode()
    return (begin + b"%012x" % number for number in itertools.count())


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


if __name__ == "__main__":
    print(json.dumps(uvloop.run(Run(json.load(sys.stdin)).run())))
