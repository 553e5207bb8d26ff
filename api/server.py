"""Serving the application in the running event loop, and stopping it without breaking what is under way."""

import asyncio
import contextlib
import socket
from functools import partial
from typing import Any

from sanic import Sanic
from sanic.exceptions import RequestTimeout
from sanic.http import Http, Stage
from sanic.server import serve

from api.app import REQUEST_SECONDS, SHUTDOWN_SECONDS
from api.arrivals import Arrivals
from api.kit.strict_http import StrictProtocol

BACKLOG = 1024
TICK_SECONDS = 1.0
CLOSE_POLL_SECONDS = 0.02
#: So long a connection on which nothing has come yet stays open while we stop.
FIRST_REQUEST_SECONDS = 0.5


class Server:
    """`await start()` or `await start_behind(line)`, then `await stop()`. The socket is bound when `start` returns."""

    def __init__(self, app: Sanic) -> None:
        self._app = app
        self._server: Any = None
        self._watch: asyncio.Task[None] | None = None
        self.port = 0
        self.stopped = False

    async def start(self, *, host: str | None = None, port: int | None = None, sock: Any = None) -> int:
        """Listen on *host*:*port* (0: any free port) or on *sock*; the port is returned.   Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        # The application's own create_server listens before the start-up listeners have run, and takes port 0 for 8000.
        await self._begin(serve(host, port, self._app, sock=sock, loop=loop, protocol=StrictProtocol, run_async=True, backlog=BACKLOG))
        name = self._server.server.sockets[0].getsockname()
        self.port = int(name[1]) if isinstance(name, tuple) else 0
        return self.port

    async def start_behind(self, line: socket.socket) -> None:
        """Serve the connections that come by *line* from the process that listens."""
        loop = asyncio.get_running_loop()
        arrivals = Arrivals(line)
        asked = _Asked(loop)
        server = serve(None, None, self._app, sock=line, loop=asked, protocol=_counted(arrivals), run_async=True)
        server.loop, server.serve_coro = loop, arrivals.opened(partial(asked.factory, loop=loop))
        await self._begin(server)

    async def _begin(self, server: Any) -> None:
        # Sanic rewrites its own methods at the first start in a process, and breaks when it meets the rewritten ones.
        self._app.config.TOUCHUP = Http.http1_response_header.__code__.co_filename.endswith(".py")
        await server.startup()
        await server.before_start()
        self._server = await server
        await server.after_start()
        self._watch = asyncio.create_task(_end_slow_requests(server.connections))

    async def stop(self) -> None:
        """Take no more, tell who waits or streams to end, let the rest finish for at most 10 s, then close."""
        self.stopped = True
        self._app.ctx.kit.drain.set()
        await self._server.before_stop()
        self._server.server.close()
        # Who is still busy after that is cut off below.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                if isinstance(self._server.server, Arrivals):
                    await self._server.server.wait_closed()
                waits_until = asyncio.get_running_loop().time() + FIRST_REQUEST_SECONDS
                while connections := list(self._server.connections):
                    for connection in connections:
                        # Who has only just come in is about to ask, or has asked and is not heard yet: he would take the end for a failure.
                        if not connection.recv_buffer and (_has_asked(connection) or asyncio.get_running_loop().time() > waits_until):
                            connection.close_if_idle()
                    await asyncio.sleep(CLOSE_POLL_SECONDS)
        for connection in list(self._server.connections):
            connection.abort()
        if self._watch is not None:
            self._watch.cancel()
        await self._server.after_stop()


def _has_asked(connection: Any) -> bool:
    return bool(connection.state["requests_count"])


class _Asked:
    """Stands in for the event loop where Sanic asks it to listen, and keeps what makes a protocol for each connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.factory: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def create_server(self, factory: Any, *_: Any, **__: Any) -> None:
        self.factory = factory


def _counted(arrivals: Arrivals) -> type[StrictProtocol]:
    class Counted(StrictProtocol):
        """Tells who passes connections on that one has ended."""

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            arrivals.ended()

    return Counted


async def _end_slow_requests(connections: set[Any]) -> None:
    """End requests that trickle in. Sanic's own timeout starts again with every byte, so a slow sender could hold on for ever."""
    since: dict[Any, tuple[Any, float]] = {}
    clock = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(TICK_SECONDS)
        arriving = {connection: _arriving(connection) for connection in list(connections)}
        since = {
            connection: since[connection] if since.get(connection, (None,))[0] == request else (request, clock())
            for connection, request in arriving.items()
            if request is not None
        }
        for connection, (_, start) in since.items():
            if clock() - start > REQUEST_SECONDS:
                _time_out(connection)


def _arriving(connection: Any) -> Any:
    """What identifies the request that is still arriving on *connection*; None when there is none."""
    http = connection.http
    if http is None:
        return None
    if http.stage is Stage.REQUEST:
        return bytes(connection.recv_buffer[:64])
    if http.request_body and (http.stage is Stage.IDLE or (http.stage is Stage.HANDLER and not _streams(http.request))):
        return id(http.request)
    return None


def _time_out(connection: Any) -> None:
    """Answer 408; who was answered and still sends is cut off."""
    if connection.http is not None and connection.http.stage is Stage.IDLE:
        connection.abort()
    elif connection.http is not None and connection._task is not None:
        connection.http.exception = RequestTimeout("Request Timeout")
        connection._task.cancel()


def _streams(request: Any) -> bool:
    """Uploads read their body themselves, and keep their own time."""
    return request.route is not None and hasattr(request.route.handler, "is_stream")
