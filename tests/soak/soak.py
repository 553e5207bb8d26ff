"""The soak itself: capacity first, then a share of it for as long as wanted, then rest, and what came of it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
import redis

from tests.bench.load import quantile
from tests.soak import arrange, offer, reckoning
from tests.soak.client import Client, Measured, Person
from tests.soak.people import settle_in
from tests.soak.receiver import Receiver
from tests.soak.samples import Sample, Sampler
from tests.soak.stream import StreamReader
from tests.soak.town import Town, errors_logged
from tests.soak.verdicts import Verdict, all_of, busy

CAPACITY_SECONDS, CAPACITY_AT_ONCE = 20.0, 32
CATCH_UP_SECONDS_MAX = 120.0
SAMPLE_SECONDS = 30.0
# Whatever could be done at once is done, and every read model has seen it. What is parked or waits for a retry is not work now.
READY = "SELECT count(*) FROM dispatch.work WHERE state IN ('ready', 'held')"
BEHIND = "SELECT (SELECT max(position) FROM journal.events) - min(position) FROM read.models WHERE state = 'live'"


@dataclass
class Plan:
    """*people* have accounts; *share* of the measured capacity is offered, or *rate* operations a second where that is given."""

    minutes: float = 60.0
    seed: int = 1
    share: float = 0.5
    rate: float = 0.0
    people: int = 24
    capacity_seconds: float = CAPACITY_SECONDS


@dataclass
class Outcome:
    """Rates are operations a second; `begin` and `end` are those of the offered load on the monotonic clock."""

    plan: Plan
    capacity: float = 0.0
    rate: float = 0.0
    operations: int = 0
    rest_seconds: float = 0.0
    begin: float = 0.0
    end: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return all(verdict.holds for verdict in self.verdicts)


class Soak:
    def __init__(self, running: Town, receiver: Receiver, client: Client, plan: Plan, say: Callable[[str], None] = print) -> None:
        self.running, self.receiver, self.client, self.plan, self.say = running, receiver, client, plan, say
        self.outcome = Outcome(plan)
        self.sampler = Sampler(running, client.wire)

    async def run(self) -> Outcome:
        client, outcome = self.client, self.outcome
        await settle_in(client, self.running.operator(), self.plan.people)
        await arrange.endpoints(client, self.receiver, self.running.receiver_port)
        await arrange.own_url(client, self.receiver, self.running.receiver_port)
        readers, reading = await arrange.streams(client, self.running.port)
        renewing = asyncio.create_task(arrange.keep_sessions(client))
        try:
            await self._capacity()
            planner = await arrange.schedule(client)
            await self._offer()
            await self._rest(planner, readers)
        except Exception as error:  # noqa: BLE001
            # What was found until then is still to be told.
            client.book.differ(f"the soak broke off: {type(error).__name__}: {error}")
        finally:
            for task in (*reading, renewing):
                task.cancel()
            await asyncio.gather(*reading, renewing, return_exceptions=True)
        self._count(readers)
        return outcome

    async def _rest(self, planner: Person, readers: list[StreamReader]) -> None:
        """Nothing is asked for any more; then everything must agree."""
        client = self.client
        runs = await arrange.end_schedule(client, planner)
        self.outcome.rest_seconds = await reckoning.all_ended(client, self.running.database_url)
        await reckoning.everyone(client)
        client.book.expect(planner.scheduled == runs, f"the schedule asked {runs} times, {planner.scheduled} generations are listed")
        client.book.expect(runs >= int(self.plan.minutes) - 1, f"the schedule asked {runs} times in {self.plan.minutes:g} minutes")
        await reckoning.everything_told(client, self.receiver, readers)

    async def _capacity(self) -> None:
        """Operations a second that go in and are settled: the time until everything has caught up counts."""
        self.say(f"capacity: {CAPACITY_AT_ONCE} at once for {self.plan.capacity_seconds:g} s …")
        began = time.monotonic()
        done = await offer.closed(self.client, seconds=self.plan.capacity_seconds, at_once=CAPACITY_AT_ONCE)
        await asyncio.to_thread(caught_up, self.running.database_url)
        self.outcome.capacity = done / (time.monotonic() - began)
        self.outcome.rate = self.plan.rate or self.outcome.capacity * self.plan.share
        self.say(f"capacity: {self.outcome.capacity:.0f} operations/s; offered: {self.outcome.rate:.0f}/s")
        for name, ms in sorted(self.client.measured.between(began, time.monotonic()).items()):
            self.say(f"  {name:<18}{len(ms):>7}  p50 {quantile(ms, 0.5):8.1f} ms  p99 {quantile(ms, 0.99):8.1f} ms")

    async def _offer(self) -> None:
        outcome = self.outcome
        self.client.measured = Measured()
        self.sampler.began = outcome.begin = time.monotonic()
        sampling = asyncio.create_task(self._sample())
        try:
            outcome.operations = await offer.opened(self.client, seconds=self.plan.minutes * 60, rate=outcome.rate)
        finally:
            outcome.end = time.monotonic()
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling
        outcome.samples = self.sampler.samples

    async def _sample(self) -> None:
        """Short soaks are looked at more often."""
        pause = min(SAMPLE_SECONDS, self.plan.minutes * 60 / 24)
        told = 0
        while True:
            # At once: who watches for an hour need not wait for its end to look for the cause.
            for difference in self.client.book.differences[told:]:
                self.say(f"differs: {difference}")
            told = len(self.client.book.differences)
            try:
                sample = await asyncio.to_thread(self.sampler.take)
                self.say(line(sample, self.client, pause))
            except (psycopg.Error, redis.RedisError) as error:
                self.client.book.differ(f"an engine did not answer who only looked: {type(error).__name__}: {error}")
            await asyncio.sleep(pause)

    def _count(self, readers: list[StreamReader]) -> None:
        book, measured = self.client.book, self.client.measured
        self.outcome.counts = {
            "answers compared": book.compared,
            "differences": book.differs,
            "generations": len(book.generations),
            "accounts": len(book.accounts),
            **{f"status {status}": count for status, count in sorted(measured.statuses.items())},
            **{f"webhooks: {name}": count for name, count in sorted(self.receiver.counts.items())},
            **{
                f"streams: {name}": sum(reader.counts[name] for reader in readers) for name in ("connections", "cut off", "events", "again")
            },
            "sessions renewed": sum(person.renewed for person in self.client.people),
            "requests sent again": self.client.wire.again,
            "reads behind their reader": measured.behind,
            "asked again after 503": measured.busy,
        }

    def judge(self, verified: str, *, long_enough: bool = True) -> None:
        """*verified*: what `daybook audit verify` complains of, '' when nothing."""
        outcome, book = self.outcome, self.client.book
        logged = errors_logged(self.running)
        outcome.differences = list(book.differences)
        outcome.verdicts = [
            Verdict("answers", "0 differ from the client's book", f"{book.differs} of {book.compared}", book.differs == 0),
            Verdict("audit verify", "ends with 0", verified.splitlines()[-1][:80] if verified else "0", not verified),
            Verdict("errors logged", "0", f"{len(logged)}{': ' + logged[0][:160] if logged else ''}", not logged),
        ]
        outcome.verdicts.append(busy(self.client.measured))
        if long_enough:
            outcome.verdicts += all_of(outcome.samples, self.client.measured.between, outcome.begin, outcome.end)


def caught_up(database_url: str) -> None:
    """Raises RuntimeError when that takes too long."""
    until = time.monotonic() + CATCH_UP_SECONDS_MAX
    with psycopg.connect(database_url, autocommit=True) as connection:
        while any(connection.execute(query).fetchall()[0][0] for query in (READY, BEHIND)):
            if time.monotonic() > until:
                raise RuntimeError(f"after {CATCH_UP_SECONDS_MAX:g} s the queue was not empty or a read model behind")
            time.sleep(0.05)


def line(sample: Sample, client: Client, pause: float) -> str:
    """What a sample says, for whoever watches."""
    lately = client.measured.lately(sample.now - pause)
    p99 = {name: ms[int(len(ms) * 0.99)] for name, ms in lately.items() if len(ms) >= 20 and name in ("submit", "read", "list")}
    memory = " ".join(f"{name} {process.own_mib:.0f}" for name, process in sorted(sample.processes.items()))
    work = sample.tables.get("dispatch.work")
    return (
        f"{sample.at:5.0f} s  p99 ms {' '.join(f'{name} {ms:.0f}' for name, ms in sorted(p99.items()))}  MiB {memory}"
        f"  work {(work.heap + work.indexes) >> 10 if work else 0} KiB {work.dead if work else 0} dead"
        f"  lag {max(sample.lags.values(), default=0)}  queue {sum(sample.work.values())}  differs {client.book.differs}"
    )
