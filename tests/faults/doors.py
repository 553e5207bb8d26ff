"""API processes behind one socket, so that the death of one refuses nobody who comes after.

Each runs the role's own entry. It is forked from a server that has imported everything: a thousand deaths cost minutes, not hours.
"""

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx

from daybook.processes.entry import serve
from daybook.settings import load
from daybook.up.listener import listen
from tests.faults.stack import Stack

CONTEXT = multiprocessing.get_context("forkserver")
PRELOADED = ["__main__", "daybook.processes.api", "tests.faults.doors"]
READY_SECONDS = 40.0


class Doors:
    """*size* processes; `kill` ends one of them for good, `open` begins another."""

    def __init__(self, running: Stack, size: int, more: Mapping[str, str]) -> None:
        self._listener = listen("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._environ = {**running.environment(), **more}
        self._log = running.folder / "processes.log"
        self._processes: list[BaseProcess] = []
        for _ in range(size):
            self.open()

    @property
    def size(self) -> int:
        return len(self._processes)

    def open(self) -> None:
        process = CONTEXT.Process(target=_serve, args=(self._listener, self._environ, self._log), daemon=True)
        process.start()
        self._processes.append(process)

    def kill(self, number: int = 0) -> None:
        """SIGKILL, and wait until it is gone."""
        process = self._processes.pop(number)
        process.kill()
        process.join()

    def signal(self, number: signal.Signals, which: int = 0) -> None:
        pid = self._processes[which].pid
        assert pid is not None
        os.kill(pid, number)

    def wait(self) -> None:
        """Until one of them answers.   Raises AssertionError."""
        until = time.monotonic() + READY_SECONDS
        while not self._ready():
            assert time.monotonic() < until, "no API process became ready"
            time.sleep(0.05)

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(25)
            process.kill()
            process.join()
        self._listener.close()

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", trust_env=False, timeout=2).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def doors(running: Stack, size: int, **more: str) -> Iterator[Doors]:
    """*size* more API processes of *running*, with other settings, for the length of the block."""
    CONTEXT.set_forkserver_preload(PRELOADED)
    made = Doors(running, size, more)
    try:
        if size:
            made.wait()
        yield made
    finally:
        made.close()


def _serve(listener: socket.socket, environ: Mapping[str, str], log: Path) -> None:
    """Runs in the process."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.environ.clear()
    os.environ.update(environ)
    raise SystemExit(serve("api", load(environ), door=listener))
