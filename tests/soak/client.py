"""Whoever asks: people with their sessions, one turn of one of them, and what was measured."""

import asyncio
import random
import time
import uuid
from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.soak.book import Account, Book, Generation
from tests.soak.wire import Answer, Broken, Wire

#: Submissions of a person that may be repeated with their key.
REPEATABLE_MAX = 200
RECENT_MAX = 300
#: So long a read waits for its read model, before it answers with what there is.
WAITS_SECONDS = 1.9
TRIES_MAX = 5


@dataclass
class Submission:
    """A submit that was answered: its key, what was sent, and the answer's own bytes."""

    key: str
    sent: dict[str, Any]
    answered: bytes
    generation: Generation


@dataclass
class Person:
    """An account with a session. `endpoint`: it is told at a webhook; `streaming`: it reads its stream of events."""

    account: Account
    email: str
    token: str
    refresh_token: str
    issued_at: float
    poor: bool = False
    submissions: deque[Submission] = field(default_factory=lambda: deque(maxlen=REPEATABLE_MAX))
    recent: deque[Generation] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))
    #: The page of the ledger on which reading goes on: its cursor, and how many of its entries were read.
    ledger_cursor: str | None = None
    uploads: list[tuple[str, str]] = field(default_factory=list)
    #: Where the generations are told that name it, and which do.
    own_url: str | None = None
    told_of: set[str] = field(default_factory=set)
    #: A schedule of his, what each of its generations costs, and how many of them were found at rest.
    schedule: str | None = None
    schedule_price: int = 0
    scheduled: int = 0
    #: Only one reads on in the ledger, and only one renews the session.
    reading: bool = False
    renewing: bool = False
    renewed: int = 0


class Measured:
    """Milliseconds of answers by class, with the moment at which each was due. Those of the time before `begin` are dropped."""

    def __init__(self) -> None:
        self.due: dict[str, array[float]] = defaultdict(lambda: array("d"))
        self.ms: dict[str, array[float]] = defaultdict(lambda: array("f"))
        self.statuses: Counter[int] = Counter()
        self.operations: Counter[str] = Counter()
        #: Reads that were answered before their read model had seen everything of their reader's, after waiting for it.
        self.behind = 0
        #: Answers of 503, after which the same was asked again.
        self.busy = 0

    def add(self, name: str, due: float, ended: float) -> None:
        self.due[name].append(due)
        self.ms[name].append((ended - due) * 1000)

    def lately(self, since: float) -> dict[str, list[float]]:
        """As `between`, of the latest answers alone: cheap, however many there have been."""
        return {name: sorted(self._latest(name, since)) for name in list(self.due)}

    def _latest(self, name: str, since: float) -> Iterator[float]:
        for due, ms in zip(reversed(self.due[name]), reversed(self.ms[name]), strict=False):
            if due < since:
                return
            yield ms

    def between(self, begin: float, end: float) -> dict[str, list[float]]:
        """Sorted milliseconds by class of what was due in that time."""
        return {name: sorted(ms for at, ms in zip(due, self.ms[name], strict=True) if begin <= at < end) for name, due in self.due.items()}


class Client:
    """One for all people: connections, the book, chance."""

    def __init__(self, port: int, *, seed: int) -> None:
        self.wire = Wire(port)
        self.book = Book()
        self.chance = random.Random(seed)
        self.people: list[Person] = []
        self.operator: Person | None = None
        self.measured = Measured()

    def turn(self, person: Person | None, name: str, due: float | None = None) -> "Turn":
        return Turn(self, person, name, time.monotonic() if due is None else due)

    def key(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128)))


class Turn:
    """One operation of one person. Its first question is measured from the moment at which the operation was due."""

    def __init__(self, client: Client, person: Person | None, name: str, due: float) -> None:
        self.client, self.person, self.name = client, person, name
        self.book, self.chance = client.book, client.chance
        self.due = due
        self.sent_at = 0
        self.behind = False
        self.request_id = ""

    async def ask(
        self,
        method: str,
        path: str,
        *statuses: int,
        body: Any = None,
        sent: bytes | None = None,
        key: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        reads: bool = False,
        measured: bool = True,
    ) -> Answer | None:
        """An answer with one of *statuses* (and, when it is a problem, with *code*), or None: then it is written down as a difference.

        *reads*: it comes from a read model, which must have seen all that this person has, or have been waited for in vain.
        """
        person = self.person
        mine = {"Authorization": f"Bearer {person.token}"} if person else {}
        keyed = {"Idempotency-Key": key} if key else {}
        floor = person.account.known if person else 0
        self.sent_at, began = self.book.tick, time.monotonic()
        try:
            answer = await self._answered(method, path, {**mine, **keyed, **(headers or {})}, body, sent)
        except (Broken, TimeoutError, OSError) as error:
            self.book.differ(f"{method} {path}: {type(error).__name__} {error}")
            return None
        ended = time.monotonic()
        if measured:
            self.client.measured.add(self.name, self.due, ended)
        self.due = ended
        self.request_id = answer.request_id
        self.client.measured.statuses[answer.status] += 1
        if not self._as_expected(f"{method} {path}", answer, statuses, code):
            return None
        if reads and answer.status == 200:
            self._fresh(path, answer.position, floor, waited=ended - began)
        if person and method != "GET" and answer.status < 300:
            person.account.known = max(person.account.known, answer.position)
        return answer

    async def _answered(self, method: str, path: str, headers: dict[str, str], body: Any, sent: bytes | None) -> Answer:
        """Who is told that there is too much to do asks again when he was told to, with the same key. The waiting counts."""
        for _ in range(TRIES_MAX - 1):
            answer = await self.client.wire.ask(method, path, headers=headers, body=body, sent=sent)
            if answer.status != 503 or "retry-after" not in answer.headers:
                return answer
            self.client.measured.busy += 1
            await asyncio.sleep(float(answer.headers["retry-after"]))
        return await self.client.wire.ask(method, path, headers=headers, body=body, sent=sent)

    def _fresh(self, path: str, position: int, floor: int, *, waited: float) -> None:
        """What is behind is not compared with what was seen before."""
        self.behind = position < floor
        if self.behind:
            self.client.measured.behind += 1
            self.sent_at = 0
            self.expect(waited >= WAITS_SECONDS, f"{path} knows up to {position}, its reader up to {floor}, after {waited:.2f} s")

    def _as_expected(self, what: str, answer: Answer, statuses: tuple[int, ...], code: str | None) -> bool:
        self.expect(bool(answer.request_id), f"{what} has no request id")
        said = answer.body[:300].decode(errors="replace")
        if not self.expect(answer.status in statuses, f"{what} answers {answer.status}, not {statuses}: {said}"):
            return False
        if answer.status < 400:
            return True
        problem = answer.json
        whole = answer.headers.get("content-type") == "application/problem+json" and problem["status"] == answer.status
        return self.expect(whole and code in (None, problem["code"]), f"{what} answers not {code}: {said}")

    def expect(self, holds: bool, what: str) -> bool:
        return self.book.expect(holds, f"{self.name}: {what}", self.request_id)

    def saw(self, said: dict[str, Any]) -> None:
        assert self.person is not None
        self.book.saw(self.person.account.id, said, sent_at=self.sent_at, request_id=self.request_id)
