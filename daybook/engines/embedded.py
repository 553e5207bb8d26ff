"""The two engines of one data directory, started and stopped together or each alone.

with embedded(Path(".daybook")) as engines:
    engines.database_url, engines.redis_url
    engines.redis.restart()
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from daybook.engines import runtime
from daybook.engines.lock import DataLock
from daybook.engines.postgres import Postgres
from daybook.engines.redis import Redis


@dataclass(frozen=True)
class Addresses:
    """Where the engines of a data directory answer, with their passwords."""

    database_url: str
    redis_url: str


class Engines:
    """Owner of the data directory. Start it from a thread that lives as long as it shall run (see child.spawn).

    *runtime_parent* is `$XDG_RUNTIME_DIR` or None, *redis_server* is `DAYBOOK_REDIS_SERVER` or None. With *with_postgres* or *with_redis*
    False that engine is somebody else's (DATABASE_URL, REDIS_URL) and only the other is started.
    """

    def __init__(
        self,
        data: Path,
        *,
        runtime_parent: str | None = None,
        redis_server: str | None = None,
        with_postgres: bool = True,
        with_redis: bool = True,
    ) -> None:
        self._data = data.absolute()
        self._parent = runtime_parent
        self._server = redis_server
        self._wanted = (with_postgres, with_redis)
        self._lock = DataLock(self._data)
        self._runtime: Path | None = None
        self._started: list[Postgres | Redis] = []

    @property
    def database_url(self) -> str:
        """PostgreSQL's address; only after `start`."""
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        """Redis's address; only after `start`."""
        return self.redis.url

    def start(self) -> None:
        """Takes the data directory and starts what is wanted. Raises AlreadyRunning or EngineError, leaving nothing behind."""
        self._lock.take()
        try:
            self._runtime = runtime.claim(self._data, self._parent)
            (self._data / "runtime").write_text(str(self._runtime))
            self.postgres = Postgres(self._data, self._runtime)
            self.redis = Redis(self._data, self._runtime, self._server)
            wanted: list[Redis | Postgres] = [self.redis] if self._wanted[1] else []
            wanted += [self.postgres] if self._wanted[0] else []
            for engine in wanted:
                self._started.append(engine)
                engine.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops both, takes the sockets away and gives the data directory back. Twice is fine."""
        while self._started:
            self._started.pop().stop()
        if self._runtime is not None:
            runtime.remove(self._runtime)
            self._runtime = None
        self._lock.release()

    @property
    def dead(self) -> list[str]:
        """The engines that should run and do not; `start` of that one brings it back."""
        return [type(engine).__name__ for engine in self._started if not engine.running]


@contextmanager
def embedded(data: Path, *, runtime_parent: str | None = None, redis_server: str | None = None) -> Iterator[Engines]:
    """Both engines for the length of a block."""
    engines = Engines(data, runtime_parent=runtime_parent, redis_server=redis_server)
    engines.start()
    try:
        yield engines
    finally:
        engines.stop()


def addresses(data: Path) -> Addresses | None:
    """Where the engines of *data* answer while another process runs them; None when they were never started."""
    data = data.absolute()
    try:
        directory = Path((data / "runtime").read_text())
    except FileNotFoundError:
        return None
    return Addresses(Postgres(data, directory).url, Redis(data, directory).url)
