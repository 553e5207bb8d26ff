"""One run of the simulation: a seed in, what went wrong out."""

import asyncio
import gc
import random
import sys
import zlib
from datetime import timedelta
from typing import Any, NamedTuple

from tests.simulation import patches
from tests.simulation.checks import wrongs_of
from tests.simulation.clients import Client
from tests.simulation.offers import BY_ID
from tests.simulation.plan import Event, Plan, plan_of
from tests.simulation.redis_twin import Bells
from tests.simulation.roles import Role, hear
from tests.simulation.server import Server, Troubles
from tests.simulation.surroundings import PlainVault, SimulatedClock, SimulatedIds
from tests.simulation.twin.database import Database
from tests.simulation.upstream import Habits, Upstream
from tests.simulation.virtual_loop import Process, VirtualLoop

#: After the last fault everything is final within so many virtual seconds, or it counts as lost.
HEAL_SECONDS_MAX = 300.0
#: A run that takes so many turns of the loop goes round in circles.
STEPS_MAX = 200_000
#: What still is under way when everything is final has so long to do harm.
AFTER_SECONDS = 1.0
#: Defects that product code logs because a fault looks like one to it.
EXPECTED = ("a submit of generation", "a look at generation", "stopping generation")


class Outcome(NamedTuple):
    """`wrongs` is empty when all is well. `digest` is the same whenever the seed is."""

    seed: int
    wrongs: list[str]
    digest: int
    seconds: float
    events: int
    steps: int


class World:
    """Implements what `patches.Current.world` must have."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dice = {
            name: random.Random(f"{name} {plan.seed}") for name in ("bells", "clients", "ids", "loop", "objects", "provider", "server")
        }
        self.loop = VirtualLoop(self.dice["loop"])
        self.outside = Process("clients")
        self.clock = SimulatedClock(self.loop)
        self.database_clock = SimulatedClock(self.loop)
        self.database = Database(self.database_clock.now)
        self.server = Server(self.loop, self.database, self.dice["server"], plan.troubles)
        self.server.asked = self._asked
        self.bells = Bells(self.dice["bells"])
        self.vault = PlainVault()
        self.ids = SimulatedIds(self.loop, self.dice["ids"])
        self.upstream = Upstream(self.loop, self.dice["provider"], BY_ID, plan.habits)
        self.objects: dict[str, bytes] = {}
        self.objects_failing = plan.objects_failing
        self.children_dying = plan.children_dying
        self.roles: dict[str, Role] = {}
        self.client = Client(self)
        self.trace: list[str] | None = None
        self.digest = 0
        self.defects: list[str] = []
        self._asks: dict[str, int] = {}
        self._clients: list[asyncio.Task[None]] = []
        self._busy_until = max((event.at for event in plan.events), default=0.0)

    async def dial(self) -> Any:
        """A connection of a writer."""
        await asyncio.sleep(self.server.latency())
        return self.server.connect()

    def of_kind(self, kind: str) -> list[Role]:
        return [role for role in self.roles.values() if role.kind == kind]

    def note(self, what: str) -> None:
        """Everything that says how the run went."""
        self.digest = zlib.crc32(what.encode(), self.digest)
        if self.trace is not None:
            self.trace.append(f"{self.loop.time():9.4f} {what}")

    def logged(self, sentence: str, error: BaseException | None) -> None:
        self.note(f"logged: {sentence} {error!r}")
        if not sentence.startswith(EXPECTED):
            self.defects.append(f"{sentence}: {error!r}")

    def _asked(self, process: Process, what: str) -> None:
        self.note(f"{process} asks: {what}")
        name = process.name.partition("/")[0]
        self._asks[name] = self._asks.get(name, 0) + 1
        if self.plan.dies_at_ask.get(name) == self._asks[name] and self.loop.time() < self.plan.calm_at:
            # It is dead before it hears the answer; what it asked for is on its way.
            self.loop.call_soon(self._kill, self.roles[name], 0.5, context=self.server.process.context)

    def begin(self) -> None:
        plan = self.plan
        counts = {"api": plan.apis, "worker": plan.workers, "dispatcher": plan.dispatchers, "scheduler": plan.schedulers}
        for kind, count in counts.items():
            for number in range(count):
                role = Role(self, kind, number)
                self.roles[role.name] = role
        for _ in range(plan.accounts):
            self._clients.append(self.loop.spawn(self.outside, self.client.live(self.ids.new())))
        for event in plan.events:
            self._later(event.at, self._happen, event)
        self._later(plan.calm_at, self._calm)
        self.upstream.call_back = lambda url, seconds: self._later(seconds, self._carry_callback, url)

    def _later(self, seconds: float, act: Any, *arguments: Any) -> None:
        self.loop.call_later(seconds, act, *arguments, context=self.server.process.context)

    def _happen(self, event: Event) -> None:
        self.note(f"fault: {event}")
        self._busy_until = max(self._busy_until, self.loop.time() + event.seconds)
        role = self.roles.get(event.whom)
        if event.what == "kill" and role is not None:
            self._kill(role, event.seconds)
        elif event.what == "stop" and role is not None and not role.process.dead:
            self.loop.stop_process(role.process)
            self._later(event.seconds, self.loop.continue_process, role.process)
        elif event.what == "drain" and role is not None:
            role.stop.set()
            self._later(event.seconds + 4.0, self._begin_again, role, role.lives)
        elif event.what == "cut off" and role is not None:
            self.server.cut_off.add(role.process)
            self._later(event.seconds, self.server.cut_off.discard, role.process)
        elif event.what == "restart":
            self.server.restart(event.seconds)
        elif event.what == "redis":
            self.bells.away = True
            self.bells.flush()
            self._later(event.seconds, setattr, self.bells, "away", False)
        elif event.what == "bells":
            self.bells.forgetful = True
        elif event.what == "clock" and role is not None:
            role.clock.off = timedelta(seconds=event.amount)
            self._later(event.seconds, setattr, role.clock, "off", timedelta())
        elif event.what == "database clock":
            self.database_clock.off = timedelta(seconds=event.amount)
            self._later(event.seconds, setattr, self.database_clock, "off", timedelta())
        elif event.what == "pause":
            self._clients.append(self.loop.spawn(self.outside, self.client.pause(event.whom, event.seconds)))

    def _kill(self, role: Role, seconds: float) -> None:
        if not role.process.dead:
            self.note(f"{role.process} is killed")
            self.loop.kill_process(role.process)
            self._later(seconds, self._begin_again, role, role.lives)

    def _begin_again(self, role: Role, lives: int) -> None:
        """Unless it lives on, or again."""
        if role.lives == lives:
            if not role.process.dead:
                self.loop.kill_process(role.process)
            role.begin()

    def _calm(self) -> None:
        self.server.troubles = Troubles()
        self.upstream.habits = Habits(refuse=0.0, refuse_for_good=0.0, fail_later=0.0, seconds_max=0.5)
        self.objects_failing = self.children_dying = 0.0
        self.bells.forgetful = False

    def _carry_callback(self, url: str) -> None:
        """What a provider says of a long job reaches some API, if that lives."""
        role = self.dice["provider"].choice(self.of_kind("api"))
        heard = role.answer(hear(role, url))
        heard.add_done_callback(lambda done: done.cancelled() or done.exception())

    @property
    def rested(self) -> bool:
        """Nobody waits for anything."""
        if self.database.rows.work or self.server.late or self.loop.time() < self._busy_until:
            return False
        return all(task.done() for task in self._clients)

    def run(self) -> None:
        loop = self.loop
        self.begin()
        healed = loop.run_until(lambda: self.rested, seconds_max=self.plan.calm_at + HEAL_SECONDS_MAX, steps_max=STEPS_MAX)
        if healed:
            until = loop.time() + AFTER_SECONDS
            loop.run_until(lambda: loop.time() >= until, seconds_max=AFTER_SECONDS + 1.0, steps_max=STEPS_MAX * 2)
        else:
            open_ = [f"{row.state} {row.generation_id}" for row in self.database.rows.work.values()]
            waiting = sum(not task.done() for task in self._clients)
            self.defects.append(f"not healed after {loop.time():.0f} s: {open_}, {waiting} clients wait")
        for task in self._clients:
            if task.done() and not task.cancelled() and task.exception() is not None:
                self.defects.append(f"a client failed: {task.exception()!r}")


def run(seed: int, *, trace: list[str] | None = None) -> Outcome:
    """Simulate *seed*. `patches.simulated` must be in force."""
    gc.disable()
    world = World(plan_of(seed))
    world.trace = trace
    patches.Current.world = world
    patches.JITTER.seed(f"jitter {seed}")
    try:
        world.run()
        wrongs = world.defects + world.loop.failures + wrongs_of(world)
    finally:
        hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
        world.loop.close()
        patches.Current.world = None
        sys.unraisablehook = hook
    return Outcome(seed, wrongs, world.digest, world.loop.time(), world.database.log.head, world.loop.steps)
