"""The API: one Sanic application in our own event loop."""

import asyncio
import socket

from api.app import create_app
from api.server import Server
from daybook.bootstrap import api_platform
from daybook.processes.run import Ready
from daybook.settings import Settings
from daybook.up.listener import listen


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready, *, door: socket.socket | None = None) -> None:
    """Until *stop*; then nobody new comes in, and who is inside is answered. *door* is a socket that listens already."""
    async with api_platform(settings) as platform:
        server = Server(create_app(platform))
        await server.start(sock=door or listen(settings.host, settings.port))
        ready()
        await stop.wait()
        await server.stop()
