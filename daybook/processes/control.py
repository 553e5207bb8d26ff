"""The line between `daybook up` and a child of it: one socket, and the kernel's word on Linux.

Up sends `go` when the engines answer and the tables stand; the child sends `ready` when it works. When either end
closes, the other knows that its partner is gone, on every platform and however that happened.
"""

import asyncio
import ctypes
import signal
import socket
import sys

GO = b"go\n"
READY = b"ready\n"
PR_SET_PDEATHSIG = 1


class Control:
    """A child's end."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        die_with_parent()

    def wait_for_go(self) -> bool:
        """Blocks. False when up ended before it said so."""
        return self._socket.recv(len(GO)) == GO

    def ready(self) -> None:
        """Tell up. One that is gone will be noticed by `watch`."""
        try:
            self._socket.send(READY)
        except BrokenPipeError:
            return

    def watch(self, stop: asyncio.Event) -> None:
        """Set *stop* when up ends."""
        self._socket.setblocking(False)
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(self._socket)
            stop.set()

        loop.add_reader(self._socket, gone)


def die_with_parent() -> None:
    """On Linux the kernel tells us, also while nobody reads the socket."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
