"""Random programs for both sides: lists of steps over a handful of ids, so that they meet each other all the time."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import strategies as st

from domain.dispatch.limits import Limit
from domain.dispatch.ports import DueJob
from domain.kernel.commands import (
    CancelWork,
    CloseWork,
    DrainWork,
    LimitWork,
    Need,
    OpenWork,
    ParkWork,
    PauseWork,
    RequeueWork,
    RerouteWork,
    Work,
)
from domain.kernel.facts import Postings, Root
from infra.dispatch import claims, leases
from infra.journal import receipts, snapshotter
from infra.journal.append import Entry, Guard
from infra.journal.tails import Row, read_tails
from tests.simulation.contract.batches import LATER, PAST, account, command, entry, generation, line, opening, stream, worker
from tests.simulation.contract.sides import Adapters

QUEUES = ("image", "video")
#: Each queue has one priority, so that no two rows of one rank differ in turn: which of them is met first is nobody's promise.
PRIORITIES = {"image": 0, "video": 1}
MODELS = ("m", "n")
EVERYTHING = 50


class Kept(Root):
    """Something to ask tails of."""

    TOPIC = "counters.kept"


number = st.integers(0, 5)
lease = st.sampled_from([timedelta(hours=1), timedelta(hours=-1)])
time = st.sampled_from([None, PAST, LATER])
BESIDE = (None, None, "counters.bumped", "counters.other counters.bumped", "counters.other")
guard = st.tuples(
    number, st.sampled_from([0, 0, 0, 0, 1, -1, -2]), st.booleans(), st.sampled_from(BESIDE), st.sampled_from(["bumped", "other"])
)
work = st.tuples(st.integers(0, 9), number, number, st.booleans(), time, time)
claim = st.tuples(number, number, st.booleans())
one = st.fixed_dictionaries(
    {
        "command": st.integers(0, 30),
        "guards": st.lists(guard, max_size=2, unique_by=lambda each: each[0]),
        "work": st.lists(work, max_size=2, unique_by=lambda each: each[1]),
        "claims": st.lists(claim, max_size=2),
        "broken": st.sampled_from([None] * 12 + ["unbalanced", "no object"]),
        "postings": st.booleans(),
    }
)
append = st.tuples(st.just("append"), st.lists(one, min_size=1, max_size=4))
step = st.one_of(
    append,
    append,
    append,
    st.tuples(st.just("claim"), number, st.sampled_from(QUEUES), lease),
    st.tuples(st.sampled_from(["release", "isolate", "death", "drop", "look"]), number, number),
    st.tuples(st.just("renew"), number, number, lease),
    st.tuples(st.sampled_from(["reap", "promote", "scheduled", "expired", "groups", "ready", "admit", "failing"])),
    st.tuples(st.just("beat"), number, st.booleans()),
    st.tuples(st.just("limits"), st.lists(st.tuples(st.sampled_from(["model", "provider", "account"]), number), max_size=3)),
    st.tuples(st.sampled_from(["poll", "keep", "look again", "wake", "drop parked"]), number),
    st.tuples(st.sampled_from(["failed", "succeeded"]), st.sampled_from(["p", "q"])),
    st.tuples(st.sampled_from(["tails", "snapshot", "known"]), number, number),
)
program = st.lists(step, min_size=1, max_size=25)


class Runner:
    """Runs a program on one side. `heads` are the versions of the streams as the program believes them to be."""

    def __init__(self, adapters: Adapters, heads: Callable[[UUID], int | None]) -> None:
        self._adapters = adapters
        self._heads = heads
        self._jobs: dict[int, DueJob] = {}

    async def step(self, step: tuple[Any, ...]) -> Any:
        """The answer, without the times that the server's clock has set."""
        return await getattr(self, "_" + step[0].replace(" ", "_"))(*step[1:])

    async def _append(self, asked: Sequence[dict[str, Any]]) -> Any:
        try:
            answer = await self._adapters.append(*self._entries(asked))
        except psycopg.Error as error:
            return error.sqlstate
        return answer.first_position, answer.outcomes, answer.details, answer.moved

    def _entries(self, asked: Sequence[dict[str, Any]]) -> list[Entry]:
        entries: list[Entry] = []
        writers: dict[UUID, tuple[int, int]] = {}
        for place, each in enumerate(asked, 1):
            guards, lines = [], []
            for which, drift, writes, beside, what in each["guards"]:
                on = stream(which)
                # Whoever of a batch sees a stream sees one version of it.
                seen, prior = writers.setdefault(on, ((self._heads(on) or 0) + drift, 0))
                guards.append(Guard(on, max(0, seen), prior, beside))
                if writes:
                    lines.append(line(on, max(0, seen) + 1, topic=f"counters.{what}", **_odd(each)))
                    writers[on] = (max(0, seen) + 1, place)
            taken = [(f"claim:{name}", stream(owner)) for name, owner, frees in each["claims"] if not frees]
            freed = [f"claim:{name}" for name, _, frees in each["claims"] if frees]
            changes = [change for values in each["work"] for change in _change(*values)]
            entries.append(entry(each["command"], guards=guards, lines=lines, work=changes, taken=taken, freed=freed))
        return entries

    async def _claim(self, owner: int, queue: str, lease: timedelta) -> Any:
        values = {"owner": worker(owner), "queues": [queue], "limit": EVERYTHING, "lease": lease}
        return sorted(await self._adapters.ask(claims.CLAIM, values))

    async def _release(self, owner: int, which: int) -> None:
        await self._adapters.claims.release(worker(owner), [generation(which)])

    async def _isolate(self, owner: int, which: int) -> None:
        await self._adapters.claims.isolate(worker(owner), generation(which))

    async def _death(self, owner: int, which: int) -> int:
        return await self._adapters.claims.count_death(worker(owner), generation(which))

    async def _drop(self, owner: int, which: int) -> None:
        await self._adapters.claims.drop(worker(owner), generation(which))

    async def _look(self, owner: int, which: int) -> Any:
        return await self._adapters.ask(leases.LOOK, {"ids": [generation(which)], "owner": worker(owner)})

    async def _renew(self, owner: int, which: int, lease: timedelta) -> None:
        await self._adapters.ask_nothing(leases.RENEW, {"ids": [generation(which)], "owner": worker(owner), "lease": lease})

    async def _reap(self) -> Any:
        return sorted(await self._adapters.board.reap(EVERYTHING))

    async def _promote(self) -> int:
        return await self._adapters.board.promote(EVERYTHING)

    async def _scheduled(self) -> Any:
        return sorted(await self._adapters.due.scheduled(EVERYTHING))

    async def _expired(self) -> Any:
        return sorted((each.generation_id, each.account_id, each.which) for each in await self._adapters.due.expired(EVERYTHING))

    async def _groups(self) -> Any:
        return [(group.queues, group.workers) for group in await self._adapters.board.groups()]

    async def _ready(self) -> int:
        return await self._adapters.board.ready(QUEUES, 3)

    async def _admit(self) -> int:
        return await self._adapters.limits.admit(2)

    async def _failing(self) -> set[str]:
        return await self._adapters.health.failing()

    async def _beat(self, who: int, both: bool) -> Any:
        card = {"worker": worker(who), "host": "h", "pid": 1, "queues": list(QUEUES) if both else ["image"], "slots": 2, "running": 0}
        return await self._adapters.ask(leases.BEAT, card)

    async def _limits(self, asked: Sequence[tuple[str, int]]) -> None:
        names = {"model": lambda n: MODELS[n % 2], "provider": lambda n: "pq"[n % 2], "account": lambda n: "*"}
        limits = {(scope, names[scope](n)): n for scope, n in asked}
        await self._adapters.limits.replace([Limit(scope=scope, name=name, most=most) for (scope, name), most in limits.items()])

    async def _poll(self, which: int) -> Any:
        jobs = await self._adapters.parked.claim(QUEUES, EVERYTHING, 3_600.0)
        self._jobs.update({job.generation_id.int % 16: job for job in jobs})
        return sorted((job.generation_id, job.polls, job.cancel_requested) for job in jobs)

    async def _keep(self, which: int) -> int:
        job = self._jobs.get(which)
        kept = await self._adapters.parked.keep([job], 3_600.0) if job else []
        for each in kept:
            self._jobs[which] = each
        return len(kept)

    async def _look_again(self, which: int) -> None:
        if which in self._jobs:
            await self._adapters.parked.look_again([(self._jobs[which], -3_600.0)])

    async def _wake(self, which: int) -> bool:
        return await self._adapters.parked.wake(generation(which))

    async def _drop_parked(self, which: int) -> None:
        await self._adapters.parked.drop(generation(which))

    async def _failed(self, provider: str) -> bool:
        return await self._adapters.health.failed(provider, "overloaded")

    async def _succeeded(self, provider: str) -> None:
        await self._adapters.health.succeeded(provider)

    async def _tails(self, which: int, known: int) -> Any:
        found = await read_tails(self._adapters.side.connection, [(Need(Kept, stream(which)), known)], [command(which), command(known)])
        return sorted(map(_plain, found.rows)), sorted(found.used)

    async def _snapshot(self, which: int, version: int) -> None:
        row = {"stream": stream(which), "version": version, "position": version, "kind": Kept.TOPIC, "shape": 1, "state": b"s"}
        await self._adapters.side.connection.execute(snapshotter.INSERT, row)

    async def _known(self, one: int, other: int) -> Any:
        return await receipts.known(self._adapters.side.connection, [command(one), command(other)])


def _plain(row: Row) -> tuple[Any, ...]:
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def _odd(each: dict[str, Any]) -> dict[str, Any]:
    if each["broken"] == "no object":
        return {"state": b"[]"}
    if each["broken"] == "unbalanced":
        return {"postings": Postings(1, 0, 0, 1, "b")}
    return {"postings": Postings(-2, 2, 0, 0, "")} if each["postings"] else {}


def _change(op: int, which: int, whose: int, flag: bool, time: Any, other: Any) -> list[Work]:
    """One change of one generation; whoever opens and is there already is refused."""
    queue, at = QUEUES[which % 2], generation(which)
    changes: Sequence[Callable[[], Work]] = (
        lambda: _opening(which, whose, queue, time, other),
        lambda: RequeueWork(generation_id=at, run_at=time),
        lambda: CancelWork(generation_id=at),
        lambda: CloseWork(generation_id=at),
        lambda: ParkWork(generation_id=at, poll_at=time or PAST),
        lambda: LimitWork(account_id=account(whose % 3), most=None if flag else whose),
        lambda: PauseWork(queue=queue, paused=flag),
        lambda: DrainWork(worker=worker(whose)),
        lambda: RerouteWork(generation_id=at, model=MODELS[whose % 2], provider="pq"[whose % 2]),
        lambda: _opening(which, whose, queue, time, other),
    )
    return [changes[op]()]


def _opening(which: int, whose: int, queue: str, run_at: Any, start_deadline: Any) -> OpenWork:
    model, provider = MODELS[which % 2], "pq"[which % 2]
    values = {"model": model, "provider": provider, "run_at": run_at, "start_deadline": start_deadline}
    return opening(which, of=whose % 3, queue=queue, priority=PRIORITIES[queue], deadline=PAST if whose == 5 else LATER, **values)
