"""The provider of the simulation: jobs that it has taken live on whatever becomes of the worker that asked. It counts every request."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.providers.catalogue import Model
from domain.providers.jobs import Artefact, Job, LookUpUnsupported, Parked, ProviderFailure, Report, Result, Running, Say, unheard, unsaid
from tests.simulation.virtual_loop import Process, VirtualLoop

DONE, RUNNING, REFUSED = "done", "running", "refused"


@dataclass
class Request:
    """One job asked for. `known` is set once the asker was told for certain that there is no job (any more)."""

    attempt: int
    asked_at: float
    state: str = RUNNING
    taken_at: float | None = None
    known: bool = False
    ends_at: float = 0.0
    fails: bool = False


@dataclass
class Habits:
    """Chances of a request, while trouble lasts."""

    refuse: float = 0.05
    refuse_for_good: float = 0.03
    lose_answer: float = 0.0
    hang: float = 0.0
    fail_later: float = 0.03
    look_fails: float = 0.0
    callback: float = 0.7
    seconds_max: float = 3.0


@dataclass
class Upstream:
    """All providers together. `wrongs` are requests that their model's policy forbids."""

    loop: VirtualLoop
    dice: random.Random
    models: Mapping[str, Model]
    habits: Habits
    process: Process = field(default_factory=lambda: Process("provider"))
    requests: dict[UUID, list[Request]] = field(default_factory=dict)
    looked_up: dict[tuple[UUID, int], float] = field(default_factory=dict)
    delivered: dict[UUID, list[dict[str, int]]] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    #: Called with our URL and the seconds until then.
    call_back: Callable[[str, float], None] = lambda url, seconds: None

    def _looked_before(self, job: Job, earlier: Request) -> bool:
        """Whether an attempt after that of *earlier* asked, and was told that it is not there, before a worker that was late gave it."""
        looks = [
            at for (which, attempt), at in self.looked_up.items() if which == job.generation_id and earlier.attempt < attempt <= job.attempt
        ]
        return earlier.taken_at is not None and any(at <= earlier.taken_at for at in looks)

    def take(self, job: Job) -> Request:
        """A request has arrived. Notes what must not have been asked."""
        model = self.models[job.upstream]
        earlier = self.requests.setdefault(job.generation_id, [])
        open_ = [each for each in earlier if not each.known]
        if open_ and model.on_unknown_submit == "at_most_once":
            self.wrongs.append(f"{job} was given to its provider again, although it may be at work there")
        there = [each for each in open_ if each.attempt < job.attempt and each.taken_at is not None]
        if model.on_unknown_submit == "look_up" and not all(self._looked_before(job, each) for each in there):
            self.wrongs.append(f"{job} was given again, although asking would have shown that it is there")
        made = Request(job.attempt, self.loop.time())
        earlier.append(made)
        return made

    def usage(self, job: Job) -> dict[str, int]:
        model = self.models[job.upstream]
        asked = int(job.params["duration"] if model.price_unit == "second" else job.params["count"])
        # Vendors deliver less than was asked for, and sometimes more.
        return {model.price_unit: max(1, asked + self.dice.choice([0, 0, 0, 0, -1, 1]))}

    def result(self, job: Job) -> Result:
        usage = self.usage(job)
        self.delivered.setdefault(job.generation_id, []).append(usage)
        artefacts = [Artefact(data=f"{job.generation_id}/{number}".encode()) for number in range(usage.get("item", 1))]
        return Result(artefacts=artefacts, usage=usage)

    async def travel(self) -> None:
        await asyncio.sleep(self.dice.uniform(0.001, 0.05))

    def refusal(self) -> ProviderFailure:
        if self.dice.random() < self.habits.refuse_for_good:
            return ProviderFailure("content_rejected", "No.")
        return ProviderFailure(
            self.dice.choice(["overloaded", "provider_error"]), "Later.", retry_after_seconds=self.dice.choice([None, 1.0])
        )

    async def taken(self, job: Job) -> Request:
        """The job on its way, and taken.   Raises ProviderFailure when it is refused."""
        await self.travel()
        request = self.take(job)
        if self.dice.random() < self.habits.refuse:
            request.state = REFUSED
            await self.travel()
            request.known = True
            raise self.refusal()
        request.taken_at = self.loop.time()
        return request


class AwaitedProvider:
    """Implements `domain.ports.Provider`: the answer is awaited."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        up, habits = self._upstream, self._upstream.habits
        request = await up.taken(job)
        if up.dice.random() < habits.hang:
            await asyncio.sleep(1_000)
        await asyncio.sleep(up.dice.uniform(0.01, habits.seconds_max))
        request.state = DONE
        if up.dice.random() < habits.lose_answer:
            raise ProviderFailure("provider_error", "The answer was lost.", outcome_unknown=True)
        await up.travel()
        # What was delivered is no longer at work, whatever becomes of it here.
        request.known = True
        return up.result(job)

    async def close(self) -> None:
        return None


class ParkingProvider:
    """Implements `domain.ports.LongProvider`: jobs are taken, and looked after."""

    def __init__(self, upstream: Upstream, *, looks_up: bool) -> None:
        self._upstream = upstream
        self._looks_up = looks_up

    async def submit(self, job: Job, callback_url: str | None) -> Parked:
        up, habits = self._upstream, self._upstream.habits
        request = await up.taken(job)
        request.ends_at = up.loop.time() + up.dice.uniform(0.05, habits.seconds_max)
        request.fails = up.dice.random() < habits.fail_later
        if callback_url is not None and up.dice.random() < habits.callback:
            for _ in range(up.dice.choice([1, 1, 2])):
                up.call_back(callback_url, request.ends_at - up.loop.time() + up.dice.uniform(0.0, 0.5))
        if up.dice.random() < habits.hang:
            await asyncio.sleep(1_000)
        await up.travel()
        if up.dice.random() < habits.lose_answer:
            raise self._lost()
        return Parked(upstream_id=f"{job.generation_id}/{len(up.requests[job.generation_id]) - 1}", poll_seconds=up.dice.choice([0.2, 1.0]))

    def _lost(self) -> Exception:
        if self._upstream.dice.random() < 0.5:
            return ConnectionResetError("in the middle of the answer")
        return ProviderFailure("timeout", "No answer.", outcome_unknown=True)

    async def poll(self, job: Job, parked: Parked) -> Running | Result:
        up = self._upstream
        await up.travel()
        request = self._request(job, parked)
        if up.dice.random() < up.habits.look_fails:
            raise ConnectionResetError("a look")
        if up.loop.time() < request.ends_at:
            return Running(progress=0.5, poll_seconds=up.dice.choice([None, 0.3, 1.0]))
        if request.state == REFUSED or request.fails:
            await up.travel()
            request.state, request.known = REFUSED, True
            raise ProviderFailure("provider_error", "It failed.")
        request.state = DONE
        await up.travel()
        request.known = True
        return up.result(job)

    async def cancel(self, job: Job, parked: Parked) -> None:
        up = self._upstream
        await up.travel()
        request = self._request(job, parked)
        if request.state == RUNNING and up.loop.time() < request.ends_at:
            request.state = REFUSED

    async def look_up(self, job: Job) -> Parked | None:
        if not self._looks_up:
            raise LookUpUnsupported
        up = self._upstream
        await up.travel()
        if up.dice.random() < up.habits.look_fails:
            raise ProviderFailure("overloaded", "Later.")
        up.looked_up[job.generation_id, job.attempt] = up.loop.time()
        taken = [
            number for number, each in enumerate(up.requests.get(job.generation_id, [])) if each.taken_at is not None and not each.known
        ]
        return Parked(upstream_id=f"{job.generation_id}/{taken[-1]}", poll_seconds=0.2) if taken else None

    def heard(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        return True

    async def close(self) -> None:
        return None

    def _request(self, job: Job, parked: Parked) -> Request:
        return self._upstream.requests[job.generation_id][int(parked.upstream_id.rpartition("/")[2])]
