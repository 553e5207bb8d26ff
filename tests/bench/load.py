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
import resource
import sys
import time
import uuid
from collections import Counter
from typing import Any

import uvloop

LATE_SECONDS = 10


class Client(asyncio.Protocol):
    """One connection; one exchange at a time."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer and not self.answer.done():
            self.answer.set_exception(ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length or self.answer is None:
            return
        body = self.buffer[end + 4 : end + 4 + length]
        status = int(self.buffer[9:12])
        self.buffer = self.buffer[end + 4 + length :]
        self.answer.set_result((status, body))

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer


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
        self.milliseconds: list[float] = []
        self.samples: list[tuple[float, float]] = []
        self.statuses: Counter[int] = Counter()
        self.ids: list[str] = []

    async def connection(self, number: int, pace: Pace) -> None:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(Client, "127.0.0.1", self.plan["port"])
        token = self.plan["tokens"][number % len(self.plan["tokens"])]
        while (due := pace.due()) is not None:
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
                # Timers are a millisecond late; only what waited for an answer was kept waiting.
                due = time.perf_counter()
            status, body = await client.exchange(self.request(token))
            self.note(status, body, (time.perf_counter() - due) * 1000)
            if self.plan.get("pause_ms"):
                await asyncio.sleep(self.plan["pause_ms"] / 1000)
        client.transport.close()

    def note(self, status: int, body: bytes, milliseconds: float) -> None:
        self.milliseconds.append(milliseconds)
        self.statuses[status] += 1
        if self.plan.get("keep_samples"):
            self.samples.append((time.time(), milliseconds))
        if self.plan.get("keep_ids") and status in (201, 202):
            self.ids.append(json.loads(body)["id"])

    def request(self, token: str) -> bytes:
        body = json.dumps(self.plan["body"]).encode() if self.plan.get("body") is not None else b""
        lines = [
            f"{self.plan['method']} {self.plan['path']} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {token}",
            f"Content-Length: {len(body)}",
        ]
        if body:
            lines += ["Content-Type: application/json", f"Idempotency-Key: {uuid.uuid4()}"]
        lines += [f"{name}: {value}" for name, value in self.plan.get("headers", {}).items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

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


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


if __name__ == "__main__":
    print(json.dumps(uvloop.run(Run(json.load(sys.stdin)).run())))
