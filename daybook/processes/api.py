"""The API: one Sanic application in our own event loop."""

import asyncio
import socket
from pathlib import Path

from api.app import create_app
from api.server import Server
from daybook.bootstrap import api_platform
from daybook.processes.run import Ready
from daybook.settings import Settings
from daybook.up.listener import listen


async def serve(
    settings: Settings,
    stop: asyncio.Event,
    ready: Ready,
    *,
    door: socket.socket | None = None,
    line: socket.socket | None = None,
    process: str = "api",
    told_in: Path | None = None,
) -> None:
    """Until *stop*; then nobody new comes in, and who is inside is answered. *door* is a socket that listens already.

    One of several gets its connections by *line*, is called *process*, and tells the others its metrics in *told_in*; without that, where
    all roles of the machine do.
    """
    async with api_platform(settings, process=process, told_in=told_in) as platform:
        server = Server(create_app(platform))
        if line is not None:
            await server.start_behind(line)
        else:
            await server.start(sock=door or listen(settings.host, settings.port))
        ready()
        await stop.wait()
        await server.stop()
