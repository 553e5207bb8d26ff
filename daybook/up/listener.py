"""The API's socket. `up` opens it once and keeps it, so a taken port is known at once and a restart of the API refuses nobody."""

import errno
import socket

from daybook.engines import EngineError

BACKLOG = 1024


class PortTaken(EngineError):
    """Somebody else listens there; the message says how to take another port."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one.   Raises PortTaken, EngineError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"port {port} on {host} is taken; choose another: DAYBOOK_PORT={_next(port)} make up") from error
        raise EngineError(f"cannot listen on {host} port {port}: {error.strerror or error}; set DAYBOOK_HOST and DAYBOOK_PORT") from error


def _next(port: int) -> int:
    return port + 1 if port < 65_535 else port - 1
