"""Hands who comes to one port on to several processes, each time to the one that has the fewest (docs/decisions/0032).

It accepts, passes the connection's descriptor down the line of a process and forgets it: no byte of a request comes by here. Nobody is
accepted while no process takes connections; then they wait in the kernel, as they do while a single process is started again.
"""

import itertools
import os
import select
import signal
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass

from api.arrivals import COMES, ENDED, TAKES

#: So many are let in before the lines are heard again.
AT_ONCE = 64
#: Until somebody is tried again whom no process could take, or after the kernel had no descriptor for him.
PAUSE_SECONDS = 0.01


@dataclass(eq=False)
class Line:
    """The way to one process, how many connections it has, and when it last got one."""

    channel: socket.socket
    takes: bool = False
    open: int = 0
    turn: int = 0

    def fileno(self) -> int:
        return self.channel.fileno()


class Porter:
    """`line` for each process, `start`, and at the end `close`, which closes the port too."""

    def __init__(self, door: socket.socket) -> None:
        door.setblocking(False)
        self._door = door
        self._lines: list[Line] = []
        self._new: deque[Line] = deque()
        self._waiting: socket.socket | None = None
        self._turns = itertools.count(1)
        self._bell, self._rope = socket.socketpair()
        self._closing = False
        self._thread = threading.Thread(target=self._work, daemon=True, name="porter")

    def start(self) -> None:
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where they come."""
        host, port, *_ = self._door.getsockname()
        return host, port

    def counts(self) -> list[int]:
        """How many connections each process has that takes any, in the order in which their lines were made."""
        return [line.open for line in self._lines if line.takes]

    def line(self) -> socket.socket:
        """The end for a process of a new line. Any thread may call it; close it when the process has it."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._new.append(Line(ours))
        self._rope.send(b"n")
        return theirs

    def close(self) -> None:
        """Nobody comes in any more. Processes see that by the end of their lines, after the last who was on the way."""
        self._closing = True
        self._rope.send(b"c")
        self._thread.join()
        for each in (self._door, self._bell, self._rope, *(line.channel for line in (*self._lines, *self._new))):
            each.close()
        if self._waiting is not None:
            self._waiting.close()

    def _work(self) -> None:
        try:
            while not self._closing:
                self._look()
        finally:
            if not self._closing:
                # A port that nobody opens is worse than an end: whoever watches this process begins afresh.
                os.kill(os.getpid(), signal.SIGTERM)

    def _look(self) -> None:
        open_door = self._waiting is None and any(line.takes for line in self._lines)
        asked: list[socket.socket | Line] = [self._bell, *self._lines, *([self._door] if open_door else [])]
        heard, _, _ = select.select(asked, [], [], None if self._waiting is None else PAUSE_SECONDS)
        if self._bell in heard:
            self._bell.recv(4096)
        for line in [line for line in self._lines if line in heard]:
            self._hear(line)
        while self._new:
            self._lines.append(self._new.popleft())
        if self._waiting is not None:
            self._hand_on(self._waiting)
        elif self._door in heard:
            self._let_in()

    def _let_in(self) -> None:
        for _ in range(AT_ONCE):
            try:
                guest, _ = self._door.accept()
            except BlockingIOError:
                return
            except OSError:  # he has gone, or this process has too many files open
                time.sleep(PAUSE_SECONDS)
                return
            self._hand_on(guest)
            if self._waiting is not None:
                return

    def _hand_on(self, guest: socket.socket) -> None:
        """To the process with the fewest, of equals the one that has waited longest; who finds none waits."""
        for line in sorted((line for line in self._lines if line.takes), key=lambda line: (line.open, line.turn)):
            try:
                socket.send_fds(line.channel, [COMES], [guest.fileno()])
            except ConnectionError:
                self._part(line)
            except OSError:  # its line is full: it has not looked for long
                continue
            else:
                line.open, line.turn, self._waiting = line.open + 1, next(self._turns), None
                guest.close()
                return
        self._waiting = guest

    def _hear(self, line: Line) -> None:
        try:
            said = line.channel.recv(4096)
        except BlockingIOError:
            return
        except ConnectionError:
            said = b""
        line.takes = line.takes or TAKES in said
        line.open -= said.count(ENDED)
        if not said:
            self._part(line)

    def _part(self, line: Line) -> None:
        """It is gone, or is going: what is on the way to it still comes, and then it sees the end."""
        line.channel.close()
        self._lines.remove(line)
