"""Child processes for work that is heavy, or that may kill its process. One job in one process at a time: a death is its own."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from domain.kernel.processes import ChildDied as ChildDied

Answer = TypeVar("Answer")

#: Imported once by the server that children are forked from, so that a child begins in milliseconds.
PRELOADED = ["workers.preloaded"]
PR_SET_PDEATHSIG = 1


class Child:
    """One process; `run` once at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        # Nobody else holds the writing end: when we are gone, however, the child reads that nothing more will come.
        self._reader, self._alive = context.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(self._reader,))
        self._pid: int | None = None

    async def run(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        """What *work* returns or raises.   Raises ChildDied. Cancelling kills the process."""
        loop = asyncio.get_running_loop()
        try:
            if self._pid is None:
                self._pid = await loop.run_in_executor(self._executor, os.getpid)
            return await loop.run_in_executor(self._executor, work, *arguments)
        except BrokenProcessPool as error:
            raise ChildDied("the child process died") from error
        except asyncio.CancelledError:
            self.kill()
            raise

    def kill(self) -> None:
        if self._pid is not None:
            with suppress(ProcessLookupError):  # it may have died by itself
                os.kill(self._pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Let an idle process go."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._alive.close()
        self._reader.close()


class Children:
    """Implements `workers.ports.Run` with *size* processes, each begun when it is first needed and replaced when it dies."""

    def __init__(self, size: int) -> None:
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Child] = []

    async def __call__(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        async with self._slots:
            child = self._idle.pop() if self._idle else Child()
            try:
                answer = await child.run(work, *arguments)
            except (ChildDied, asyncio.CancelledError):
                child.kill()
                raise
            except BaseException:
                self._idle.append(child)
                raise
            self._idle.append(child)
            return answer

    def close(self) -> None:
        for child in self._idle:
            child.close()
        self._idle.clear()


async def inline(work: Callable[..., Answer], *arguments: Any) -> Answer:
    """Implements `workers.ports.Run` where the process is a child already."""
    return work(*arguments)


def _begin(parent: Connection) -> None:
    """Ctrl-C is for the worker, which drains. A child ends with the server it was forked from, and with whoever had it made.

    The server alone does not suffice: it lives for as long as one of its children does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_end_after, args=(parent,), name="parent", daemon=True).start()


def _end_after(parent: Connection) -> None:
    with suppress(EOFError, OSError):
        parent.recv_bytes()
    os.kill(os.getpid(), signal.SIGKILL)
