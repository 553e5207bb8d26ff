"""One process under `up`: started, told to go, heard to be ready, seen to end, started again."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from daybook.processes.control import GO, READY

PAUSE_SECONDS_MIN = 0.2
PAUSE_SECONDS_MAX = 10.0
#: Who lived so long and then dies is started at once again.
SETTLED_SECONDS = 30.0


@dataclass(frozen=True)
class Start:
    """How a role is started. `words` follow the role on its command line, where `ps` shows them."""

    role: str
    words: Sequence[str]
    #: None: as ours.
    environ: Mapping[str, str] | None
    log: IO[Any] | None = None
    inherited: Sequence[int] = ()
    #: Of several processes of a role each has one, from 1.
    number: int = 0
    #: Makes the line by which a new process gets its connections; None: it listens itself, or nobody comes to it.
    line: Callable[[], socket.socket] | None = None

    @property
    def name(self) -> str:
        """As logs and metrics call it."""
        return f"{self.role}-{self.number}" if self.number else self.role


@dataclass
class Child:
    """Its present process, if there is one, and when the next may start."""

    start: Start
    process: subprocess.Popen[bytes] | None = None
    control: socket.socket | None = None
    ready: bool = False
    failures: int = 0
    started_at: float = 0.0
    next_at: float = field(default=0.0)

    def spawn(self) -> None:
        """Starts the process; it loads its code and then waits for `go`."""
        ours, theirs = socket.socketpair()
        words = [sys.executable, "-P", "-m", "daybook.processes", self.start.role, f"--control={theirs.fileno()}", *self.start.words]
        given = [theirs]
        if self.start.line is not None:
            given.append(self.start.line())
            words.append(f"--line={given[-1].fileno()}")
        if self.start.number:
            words.append(f"--number={self.start.number}")
        self.process = subprocess.Popen(
            words,
            env=None if self.start.environ is None else dict(self.start.environ),
            stdin=subprocess.DEVNULL,
            stdout=self.start.log,
            stderr=self.start.log,
            pass_fds=(*(each.fileno() for each in given), *self.start.inherited),
            # Ctrl-C is for `up`, which then says it to its children in order.
            start_new_session=True,
        )
        for each in given:
            each.close()
        ours.setblocking(False)
        self.control, self.ready, self.started_at = ours, False, time.monotonic()

    def go(self) -> None:
        """The engines answer and the tables stand."""
        assert self.control is not None, "spawned before"
        try:
            self.control.send(GO)
        except BrokenPipeError:
            return  # It is dead already, and will be seen to be.

    def hear(self) -> None:
        """Take what the process says. The end of its line means that it ends."""
        if self.control is None:
            return
        try:
            said = self.control.recv(64)
        except BlockingIOError:
            return
        except ConnectionError:
            said = b""
        if READY in said:
            self.ready = True
        if not said:
            self.control.close()
            self.control = None

    def ended(self) -> int | None:
        """The exit code of a process that has ended, once; then the pause begins."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        if time.monotonic() - self.started_at > SETTLED_SECONDS:
            self.failures = 0
        self.process, self.ready = None, False
        if self.control is not None:
            self.control.close()
            self.control = None
        self.next_at = time.monotonic() + self.pause
        self.failures += 1
        return code

    @property
    def pause(self) -> float:
        """Seconds before the next start."""
        return min(PAUSE_SECONDS_MAX, PAUSE_SECONDS_MIN * 2.0**self.failures)

    @property
    def due(self) -> bool:
        """Whether there is no process and the pause is over."""
        return self.process is None and time.monotonic() >= self.next_at

    def send(self, number: signal.Signals) -> None:
        """A signal, if there is a process."""
        if self.process is not None:
            self.process.send_signal(number)


def spoken(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
