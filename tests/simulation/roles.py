"""The processes of the simulation: real workers, dispatchers, schedulers and writers, each on its own clock and connections."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Protocol

from domain.commands import HANDLERS
from domain.dispatch.callbacks import called
from domain.kernel.facts import Root
from infra.dispatch.board import PostgresBoard
from infra.dispatch.claims import PostgresClaims
from infra.dispatch.due import PostgresDue
from infra.dispatch.health import PostgresProviderHealth
from infra.dispatch.limits import PostgresLimits
from infra.dispatch.parked import PostgresParkedJobs
from infra.journal.journal import PostgresJournal
from infra.journal.meters import Meters
from tests.simulation.leases_twin import keeper
from tests.simulation.offers import CATALOGUE
from tests.simulation.surroundings import Nothing, SimulatedClock, SimulatedIds, SimulatedMedia, SimulatedObjects, SimulatedPool
from tests.simulation.upstream import AwaitedProvider, ParkingProvider
from tests.simulation.virtual_loop import Process
from workers.dispatcher import Dispatcher
from workers.platform import WorkerPlatform
from workers.scheduler import Scheduler
from workers.worker import Worker

CHORES_SECONDS = 1.0
#: Steps of a process after each of its appends, and the events at the log's end, that are looked at.
LOOKS, LOOKED_AT_EVENTS = 6, 6


class PeerLost(Exception):
    """The process that was asked is gone, or does not answer."""


class Role:
    """One process that can be killed, stopped and begun again. `kind`: api, worker, dispatcher or scheduler."""

    def __init__(self, world: Any, kind: str, number: int) -> None:
        self.world = world
        self.kind = kind
        self.name = f"{kind}-{number}"
        self.lives = 0
        self.begin()

    def begin(self) -> None:
        self.lives += 1
        self.process = Process(f"{self.name}/{self.lives}")
        self.clock = SimulatedClock(self.world.loop)
        self.stop = asyncio.Event()
        self._waiting: set[asyncio.Future[Any]] = set()
        self.process.on_death.append(self._hang_up)
        self.pool = SimulatedPool(self.world.server)
        self.journal = PostgresJournal("", self.pool, handlers=HANDLERS, clock=self.clock, meters=Meters(append_seconds=self._appended))
        self._looks = 0
        self.world.loop.spawn(self.process, self._live())

    def kill(self) -> None:
        self.world.loop.kill_process(self.process)

    async def _live(self) -> None:
        """A life: until it is drained, or killed."""
        journal = self.journal
        journal.start()
        await LIVES[self.kind](self, self.pool)
        await journal.close()

    def answer(self, request: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any]":
        """*request* runs here; whoever asked hears what came of it, unless the process dies on the way."""
        world = self.world
        heard: asyncio.Future[Any] = world.loop.create_future()
        if self.process.dead:
            request.close()
            heard.set_exception(PeerLost())
            return heard
        task = world.loop.spawn(self.process, request)
        self._waiting.add(heard)

        def tell(done: "asyncio.Task[Any]") -> None:
            self._waiting.discard(heard)
            if not heard.done() and not done.cancelled():
                error = done.exception()
                if error is None:
                    heard.set_result(done.result())
                else:
                    heard.set_exception(error)

        task.add_done_callback(tell, context=self.process.context)
        return heard

    def _appended(self, seconds: float) -> None:
        self._looks, self.process.watch = LOOKS, self._look

    def _look(self) -> None:
        """As whoever shows what was decided last: in the steps after an append as well as later, it is what the log has."""
        log = self.world.database.log
        for stream in {event.stream for event in log.events[-LOOKED_AT_EVENTS:]}:
            for position in (0, *(event.position for event in log.streams[stream][-LOOKED_AT_EVENTS:])):
                self.world.client.is_logged(self.journal.seen(Root, stream, at=position))
        self._looks -= 1
        if not self._looks:
            self.process.watch = None

    def _hang_up(self) -> None:
        for heard in self._waiting:
            if not heard.done():
                heard.set_exception(PeerLost())
        self._waiting.clear()


class Wake:
    """Implements `workers.ports.Wake`."""

    def __init__(self) -> None:
        self.news = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.news.wait()
        except TimeoutError:
            return False
        self.news.clear()
        return True


def platform_of(role: Role, pool: SimulatedPool) -> WorkerPlatform:
    world = role.world

    @asynccontextmanager
    async def listen() -> AsyncIterator[Wake]:
        wake = Wake()
        world.server.told.append(wake.news.set)
        try:
            yield wake
        finally:
            world.server.told.remove(wake.news.set)

    def make_providers(*, run_in_child: Any) -> dict[str, Any]:
        long = {"vendor-b": False, "vendor-c": True}
        awaited = AwaitedProvider(world.upstream)
        return {"noop": awaited, "vendor-a": awaited} | {
            name: ParkingProvider(world.upstream, looks_up=looks_up) for name, looks_up in long.items()
        }

    nothing: Any = Nothing()
    return WorkerPlatform(
        journal=role.journal,
        vault=world.vault,
        own_keys=nothing,
        clock=role.clock,
        ids=SimulatedIds(world.loop, world.dice["ids"]),
        objects=SimulatedObjects(world),
        media=SimulatedMedia(world),
        catalogue=CATALOGUE,
        make_providers=make_providers,
        claims=PostgresClaims(pool),
        parked=PostgresParkedJobs(pool),
        limits=PostgresLimits(pool),
        health=PostgresProviderHealth(pool),
        keep_leases=keeper(world.server),
        board=PostgresBoard(pool),
        due=PostgresDue(pool),
        erasures=nothing,
        keys=nothing,
        listen=listen,
        redis_url="",
        outgoing=nothing,
        callback_base="https://us",
        account_concurrency=world.plan.account_concurrency,
    )


async def _serve(role: Role, pool: SimulatedPool) -> None:
    await role.stop.wait()


async def _work(role: Role, pool: SimulatedPool) -> None:
    await Worker(platform_of(role, pool), slots=role.world.plan.slots, grace_seconds=2.0).run(role.stop)


async def _dispatch(role: Role, pool: SimulatedPool) -> None:
    await Dispatcher(platform_of(role, pool)).run(role.stop)


async def _schedule(role: Role, pool: SimulatedPool) -> None:
    """The chores of the scheduler that generations and grants depend on."""
    scheduler = Scheduler(platform_of(role, pool))
    chores = (scheduler._queue, scheduler._expire, scheduler._expire_grants)
    await asyncio.gather(*(scheduler._over_and_over(CHORES_SECONDS, chore) for chore in chores))


class Life(Protocol):
    def __call__(self, role: Role, pool: SimulatedPool) -> Coroutine[Any, Any, None]: ...


LIVES: dict[str, Life] = {"api": _serve, "dispatcher": _dispatch, "scheduler": _schedule, "worker": _work}


async def hear(role: Role, url: str) -> bool:
    """A callback arrives at the API; see `api/callbacks.py`."""
    _, provider, token = url.rsplit("/", 2)
    found = called(role.world.vault, provider, token)
    if found is None:
        return False
    return await PostgresParkedJobs(role.pool).wake(found.generation_id)
