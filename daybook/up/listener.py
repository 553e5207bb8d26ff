"""The API's socket. `up` opens it once and keeps it, so a taken port is known at once and a restart of the API refuses nobody."""

import errno
import socket

from daybook.engines import EngineError

BACKLOG = 1024


class PortTaken(EngineError):
    """Somebody else listens there; the message says how to take another port."""


def listen(host: str, port: int, *, named: str = "DAYBOOK_PORT") -> socket.socket:
    """A listening socket; port 0 takes any free one. *named*: the setting of the port.   Raises PortTaken, EngineError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            another = f"{named}={_next(port)}" + (" make up" if named == "DAYBOOK_PORT" else "")
            raise PortTaken(f"port {port} on {host} is taken; choose another: {another}") from error
        raise EngineError(f"cannot listen on {host} port {port}: {error.strerror or error}; set DAYBOOK_HOST and {named}") from error


def _next(port: int) -> int:
    return port + 1 if port < 65_535 else port - 1
