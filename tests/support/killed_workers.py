"""Workers in processes of their own that are killed: forked from a server that has imported everything, so that one costs little."""

import asyncio
import multiprocessing
import multiprocessing.process
import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tests.support.fleet import open_fleet
from tests.support.parking_provider import make_parking_providers, parking_catalogue
from workers.providers import registry
from workers.worker import Worker

#: All adapters are loaded, as in a real worker.
ADAPTERS = registry.ADAPTERS
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["__main__", "tests.support.killed_workers"])


def start(database_url: str, redis_url: str, folder: Path, server_url: str, *, slots: int = 8) -> multiprocessing.process.BaseProcess:
    """A worker on the parking server's models, until it is told to end or killed."""
    process = CONTEXT.Process(target=_run, args=(database_url, redis_url, folder, server_url, slots), daemon=True)
    process.start()
    return process


def kill(process: multiprocessing.process.BaseProcess) -> None:
    assert process.pid is not None
    with suppress(ProcessLookupError):  # killed before
        os.kill(process.pid, signal.SIGKILL)


def _run(database_url: str, redis_url: str, folder: Path, server_url: str, slots: int) -> None:
    asyncio.run(_work(database_url, redis_url, folder, server_url, slots))


async def _work(database_url: str, redis_url: str, folder: Path, server_url: str, slots: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_fleet(database_url, redis_url, folder) as fleet:
        platform = replace(fleet.platform, catalogue=parking_catalogue(server_url), make_providers=make_parking_providers)
        await Worker(platform, slots=slots, grace_seconds=1).run(stop)
