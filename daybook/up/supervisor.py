"""Watches the children and the engines, and ends them in order. Plain and synchronous: it must not depend on what it watches."""

import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from daybook.engines import EngineError, Engines
from daybook.up.child import Child, Start, spoken

TICK_SECONDS = 0.25
#: More than a role gives itself (processes/run.py), so that its own account of the drain is heard.
DRAIN_SECONDS = 35.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Say = Callable[[str], None]


class Supervisor:
    """`spawn`, `go`, then `tick` until `stopping`, then `stop`. Use it in the main thread: it takes the process's signals.

    *engines* are started again when they die; None: somebody else looks after them.
    """

    def __init__(self, starts: Sequence[Start], engines: Engines | None, say: Say) -> None:
        self.children = [Child(start) for start in starts]
        self.signals = 0
        self._engines = engines
        self._say = say
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        os.set_blocking(self._read, False)

    def heed_signals(self) -> None:
        """From now on a signal only counts and wakes `tick`."""

        def count(number: int, frame: FrameType | None) -> None:
            self.signals += 1

        for number in STOPPING:
            signal.signal(number, count)
        signal.set_wakeup_fd(self._write)

    def spawn(self) -> None:
        for child in self.children:
            child.spawn()

    def go(self) -> None:
        for child in self.children:
            child.go()

    def wake(self) -> None:
        """Ends the current wait; any thread may call it."""
        os.write(self._write, b"w")

    @property
    def stopping(self) -> bool:
        """Whether somebody asked for the end."""
        return self.signals > 0

    @property
    def ready(self) -> bool:
        """Whether every child has said so."""
        return all(child.ready for child in self.children)

    def tick(self, seconds: float = TICK_SECONDS) -> list[tuple[str, int]]:
        """Wait for news at most *seconds*, then start again what ended. Returns (name, exit code) of those that ended."""
        self._wait(seconds)
        ended = [(child, code) for child in self.children if (code := child.ended()) is not None]
        for child, code in ended:
            self._say(f"{child.start.name} ended ({spoken(code)}); starting it again in {max(0.0, child.next_at - time.monotonic()):.1f} s")
        if self.stopping:
            return [(child.start.name, code) for child, code in ended]
        self._revive_engines()
        for child in self.children:
            if child.due:
                child.spawn()
                child.go()
        return [(child.start.name, code) for child, code in ended]

    def stop(self) -> None:
        """Drain all at once, wait, and kill what does not end; a further signal kills at once."""
        seen, end = self.signals, time.monotonic() + DRAIN_SECONDS
        for child in self.children:
            child.send(signal.SIGTERM)
        while any(self._runs(child) for child in self.children):
            self._wait(0.05)
            if self.signals > seen or time.monotonic() > end:
                self._kill()
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def _kill(self) -> None:
        for child in self.children:
            if self._runs(child):
                self._say(f"{child.start.name} is ended without a drain")
                child.send(signal.SIGKILL)
                assert child.process is not None
                child.process.wait()

    def _runs(self, child: Child) -> bool:
        return child.process is not None and child.ended() is None

    def _wait(self, seconds: float) -> None:
        lines: dict[Any, Child] = {child.control: child for child in self.children if child.control is not None}
        heard, _, _ = select.select([self._read, *lines], [], [], seconds)
        if self._read in heard:
            os.read(self._read, 4096)
        for line in lines.keys() & set(heard):
            lines[line].hear()

    def _revive_engines(self) -> None:
        if self._engines is None:
            return
        for name in self._engines.dead:
            self._say(f"{name} ended; starting it again")
            engine = self._engines.postgres if name == "Postgres" else self._engines.redis
            try:
                engine.start()
            except EngineError as error:
                self._say(f"{name} does not start again: {error}")
