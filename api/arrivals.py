"""Connections that another process has accepted, in place of a listening socket (docs/decisions/0032).

They come by a line, a Unix socket: a byte and the connection's descriptor. We say TAKES once, and ENDED for each connection that has
ended, so that the other side knows how many we have. Who half closes the line gets no more; its end says that none is on its way.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

TAKES = b"+"
ENDED = b"-"
COMES = b"c"
#: Descriptors come one with each message; the room for more only lets none be lost.
AT_ONCE = 16

Factory = Callable[[], asyncio.Protocol]


class Arrivals:
    """`await opened(factory)`, then each connection gets a protocol; `close`, then `wait_closed`."""

    #: None listens.
    sockets: tuple[Any, ...] = ()

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self._unsaid = 0

    async def opened(self, factory: Factory) -> "Arrivals":
        self._factory = factory
        self._loop.add_reader(self._line, self._come)
        with suppress(OSError):  # the other end is gone, which the reader sees
            self._line.send(TAKES)
        return self

    def close(self) -> None:
        """Nobody new is to come; who is on the way still comes in."""
        try:
            self._line.shutdown(socket.SHUT_WR)
        except OSError:  # the other end is gone
            self._end()

    async def wait_closed(self) -> None:
        """Until nobody is on the way any more."""
        await self._over.wait()
        if self._entering:
            await asyncio.wait(self._entering)

    def ended(self) -> None:
        """One connection has ended."""
        self._unsaid += 1
        try:
            self._unsaid -= self._line.send(ENDED * self._unsaid)
        except OSError:
            return  # The line is full, and the next says it too; or it is closed, and nobody counts any more.

    def _come(self) -> None:
        try:
            said, descriptors, _, _ = socket.recv_fds(self._line, AT_ONCE, AT_ONCE)
        except BlockingIOError:
            return
        except ConnectionError:
            said, descriptors = b"", []
        for descriptor in descriptors:
            entering = self._loop.create_task(self._enter(socket.socket(fileno=descriptor)))
            self._entering.add(entering)
            entering.add_done_callback(self._entering.discard)
        if not said:
            self._end()

    async def _enter(self, guest: socket.socket) -> None:
        guest.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(self._factory, guest)
        except OSError:  # gone before it was let in
            guest.close()
            self.ended()

    def _end(self) -> None:
        if self._over.is_set():
            return
        self._loop.remove_reader(self._line)
        self._line.close()
        self._over.set()
