"""The embedded Redis (Valkey): one Unix socket with a password, append-only file, nothing evicted."""

import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from daybook.engines import child
from daybook.engines.binaries import redis_server
from daybook.engines.engine import Engine
from daybook.engines.errors import EngineError
from daybook.engines.passwords import kept

READY_SECONDS = 30.0
CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 600
requirepass {password}
pidfile redis.pid
daemonize no
loglevel notice
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class Redis(Engine):
    """One server in `<data>/redis`."""

    STOP = ((signal.SIGTERM, 10.0),)

    def __init__(self, data: Path, runtime: Path, server: str | None = None) -> None:
        self._data = data
        self._home = data / "redis"
        self._socket = runtime / "redis.sock"
        self._server = server
        super().__init__()

    @property
    def url(self) -> str:
        """What redis-py and Dramatiq connect with."""
        return f"unix://:{quote(kept(self._data / 'redis-password'))}@{quote(str(self._socket))}"

    def start(self) -> None:
        """Stops one left behind, starts the server and waits until it answers with its data loaded."""
        program = redis_server(self._server)
        self._home.mkdir(mode=0o700, exist_ok=True)
        child.stop_stray(self._home / "redis.pid", self._home, *self.STOP)
        self._configure()
        self._process = child.spawn([program, "redis.conf"], cwd=self._home, log=self._log, user=None, group=None, death=signal.SIGTERM)
        self._wait(self._process)

    @property
    def _log(self) -> Path:
        return self._data / "logs" / "redis.log"

    def _configure(self) -> None:
        """The file keeps the password out of the process list."""
        file = self._home / "redis.conf"
        file.touch(mode=0o600)
        file.write_text(CONFIGURATION.format(socket=_quoted(str(self._socket)), password=kept(self._data / "redis-password")))

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        import redis  # here, because `make clean` imports this package without any other

        end = time.monotonic() + READY_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while process.poll() is None and time.monotonic() < end:
                try:
                    client.ping()
                except redis.RedisError:  # not listening yet, or loading its file
                    time.sleep(0.01)
                else:
                    return
        self.kill()
        raise EngineError(f"the Redis server {redis_server(self._server)} does not start; the reason stands at the end of {self._log}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
