"""Runs one role until it is told to stop: event loop, signals, drain."""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from daybook.processes.control import Control
from daybook.settings import Settings

#: A role may use so long to finish what it has begun; then the process ends anyway, and what is left is taken up elsewhere.
DRAIN_SECONDS = 30.0
OK, FAILED = 0, 1
#: A process keeps tens of thousands of long-lived aggregates. With the default thresholds the collector walks all of them
#: many times a second, an eighth of a busy API's time; what it looks for, cycles, hardly occurs here.
GC_THRESHOLDS = 50_000, 50, 1_000

Ready = Callable[[], None]
#: Opens what it needs, calls `ready`, works until the event is set, drains.
Role = Callable[[Settings, asyncio.Event, Ready], Awaitable[None]]


def run(name: str, role: Role, settings: Settings, control: Control | None = None) -> int:
    """The exit code. SIGTERM and Ctrl-C drain; a second one ends at once.   Raises what keeps the role from starting."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(name, role, settings, control))


def calm_collector() -> None:
    """What the start has made stays for ever: it need never be looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _run(name: str, role: Role, settings: Settings, control: Control | None) -> int:
    log = structlog.get_logger().bind(log="business")
    stop = asyncio.Event()
    _heed_signals(stop)
    if control is not None:
        control.watch(stop)

    begun = asyncio.Event()

    def ready() -> None:
        begun.set()
        calm_collector()
        log.info("ready", role=name)
        if control is not None:
            control.ready()

    work = asyncio.create_task(_until_done(role(settings, stop, ready)))
    ending = asyncio.create_task(stop.wait())
    await asyncio.wait({work, ending}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        log.info("draining", role=name)
        await asyncio.wait({work}, timeout=DRAIN_SECONDS)
    ending.cancel()
    if not work.done():
        log.error("did not drain in time", log="error", role=name, seconds=DRAIN_SECONDS)
        os._exit(FAILED)
    error = work.exception()
    if error is not None and begun.is_set():
        log.error("ended by an error", log="error", role=name, exc_info=error)
        return FAILED
    work.result()
    log.info("stopped", role=name)
    return OK


async def _until_done(work: Awaitable[None]) -> None:
    await work


def _heed_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def heed() -> None:
        if stop.is_set():
            os._exit(FAILED)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heed)
