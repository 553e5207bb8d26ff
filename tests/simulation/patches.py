"""The house on virtual time: what product code takes from the machine is given to it by the simulation, and given back afterwards.

Nothing in here changes what the code decides. Clocks, chance, sockets and threads are replaced where modules have them as names.
"""

import logging
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any
from unittest.mock import patch

import domain.aggregates  # noqa: F401 - registers the topics of all events
import infra.dispatch.claims
import infra.dispatch.leases
import infra.journal.journal
import infra.journal.link
import infra.journal.snapshotter
import workers.bells
import workers.dispatcher
import workers.failures
import workers.making
import workers.polling
import workers.reaper
import workers.scheduler
import workers.worker
from domain.kernel.processes import ChildDied
from infra.journal.mapper import CanonicalMapper
from infra.postgres.prepared import Statement
from tests.simulation.twin import connection

#: A lease is shorter here, so that what follows from losing one comes sooner; nothing depends on its length.
LEASE_SECONDS = 6
#: Long streams are rare in a short run.
SNAPSHOT_EVERY_EVENTS = 8
HOUSE = ("domain.", "infra.", "workers.")
#: `_ticked = 0.0` means long ago: a machine has been up for a while when it starts a process.
UPTIME_SECONDS = 100_000.0


class VirtualTime(ModuleType):
    """The module `time` as product code sees it."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__("time")
        self.monotonic = lambda: UPTIME_SECONDS + now()
        self.perf_counter = self.monotonic
        self.process_time = lambda: 0.0


class Current:
    """The world that runs in this process just now: what module level names lead to."""

    world: Any = None


class SimulatedConnection:
    """In place of `psycopg.AsyncConnection` in `infra.journal.link`."""

    @classmethod
    async def connect(cls, dsn: str, **options: Any) -> connection.TwinConnection:
        return connection.TwinConnection(await Current.world.dial())


def cut(link: Any) -> None:
    """In place of `Link._cut`, which shuts a socket down."""
    if link._connection is not None and not link._connection.closed:
        link._connection.session.cut()


async def generate_alone(make_providers: Any, provider: str, job: Any, *told: Any) -> Any:
    """In place of `workers.isolated.generate_alone`: the same call, in no process of its own, which may die all the same."""
    world = Current.world
    chance = world.dice["objects"].random()
    if chance < world.children_dying / 2:
        raise ChildDied("before the call")
    result = await make_providers(run_in_child=None)[provider].generate(job, *told)
    if chance < world.children_dying:
        raise ChildDied("after the call")
    return result


class SimulatedBroker:
    """In place of `workers.bells.BellBroker`."""

    def __init__(self, redis_url: str, timeout_seconds: float) -> None:
        self.client = self

    def close(self) -> None:
        """There is no socket."""

    def top_up(self, queue_name: str, bells: int) -> None:
        Current.world.bells.top_up(queue_name, bells)


#: In place of the module `random` where product code spreads its pauses; each run seeds it.
JITTER = random.Random(0)


@contextmanager
def simulated() -> Iterator[None]:
    """The house is simulated for as long as the block lasts; `Current.world` must be set before anything runs in it."""
    clock = VirtualTime(lambda: Current.world.loop.time())
    with ExitStack() as stack:

        def replace(owner: Any, name: str, value: Any) -> None:
            stack.enter_context(patch.object(owner, name, value))

        for module in [module for name, module in sys.modules.items() if name.startswith(HOUSE)]:
            if getattr(module, "time", None) is time:
                replace(module, "time", clock)
        replace(workers.failures, "random", JITTER)
        replace(infra.journal.link, "AsyncConnection", SimulatedConnection)
        replace(infra.journal.link, "adapters", lambda: None)
        replace(infra.journal.link.Link, "_cut", cut)
        # Made from type hints, which takes a hundred times as long as a run; they hold nothing of a run.
        mapper = CanonicalMapper()
        replace(infra.journal.journal, "CanonicalMapper", lambda: mapper)
        replace(Statement, "rows", connection.rows)
        replace(workers.bells, "BellBroker", SimulatedBroker)
        replace(workers.making, "generate_alone", generate_alone)
        replace(workers.worker, "answering", lambda *given: Current.world.bells.answering(*given))
        _shorten(replace)
        stack.enter_context(_heard())
        yield


def _shorten(replace: Callable[[Any, str, Any], None]) -> None:
    replace(infra.journal.snapshotter, "SNAPSHOT_EVERY_EVENTS", SNAPSHOT_EVERY_EVENTS)
    replace(infra.dispatch.claims, "LEASE", timedelta(seconds=LEASE_SECONDS))
    replace(infra.dispatch.leases, "LEASE_SECONDS", LEASE_SECONDS)
    replace(infra.dispatch.leases, "RENEW_SECONDS", LEASE_SECONDS / 4)
    replace(workers.reaper, "LEASE_SECONDS", LEASE_SECONDS)
    replace(workers.polling, "LEASE_SECONDS", float(LEASE_SECONDS))


class Defects(logging.Handler):
    """What product code calls a defect of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        Current.world.logged(record.getMessage(), error)


@contextmanager
def _heard() -> Iterator[None]:
    """Errors are told to the world; warnings are what faults are about."""
    loggers = [logging.getLogger(name) for name in ("infra", "workers", "domain")]
    handler = Defects(logging.ERROR)
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.ERROR)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
