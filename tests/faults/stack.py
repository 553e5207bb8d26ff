"""The real processes of an installation, each started as an operator would, and started again when it dies."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psycopg

from api.kit.limits import BUCKETS
from daybook.engines import Engines

ROLES = ("api", "worker", "dispatcher", "notary", "projector", "scheduler")
SECRET = "chaos-secret-chaos-secret-chaos-secret"
RESTART_SECONDS = 0.5
STATEMENT_SECONDS = 60
#: Counted as usual, and never reached.
LIMITS = ",".join(f"{bucket}=1000000/60" for bucket in BUCKETS)
CATALOGUE = """
price_version = 1
[[models]]
id = "noop-200"
kind = "image"
provider = "noop"
title = "Nothing, slowly"
description = "Makes nothing, in 200 ms."
price = 5
upstream = "noop"
[models.adapter]
sleep_ms = 200
"""


class Stack:
    """`kill` is SIGKILL; a supervisor brings the process back half a second later.

    *engines* are those of the addresses, for who breaks them. *more* are settings beside, or instead of, the usual ones.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str,
        redis_url: str,
        engines: Engines | None = None,
        catalogue: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.redis_url = redis_url
        self._engines = engines
        self._more = more or {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        folder.mkdir(exist_ok=True)
        (folder / "catalogue.toml").write_text(catalogue or CATALOGUE)
        self._log = (folder / "processes.log").open("ab")

    @property
    def engines(self) -> Engines:
        """Those it runs on, which belong to whoever started it: what breaks here breaks for all of theirs."""
        assert self._engines is not None, "this stack was not told its engines"
        return self._engines

    @contextmanager
    def own_database(self) -> Iterator[str]:
        """An empty database on the same engines, dropped at the end.   Raises psycopg.errors.QueryCanceled."""
        name = f"fresh_{secrets.token_hex(4)}"
        self._tell_server(f"CREATE DATABASE {name}")
        try:
            yield self.engines.postgres.url_of(name)
        finally:
            self._tell_server(f"DROP DATABASE {name} WITH (FORCE)")

    def _tell_server(self, statement: str) -> None:
        # Both wait for every session of the server, and for ever for one whose client listens and does not read.
        limit = f"-c statement_timeout={STATEMENT_SECONDS}s"
        with psycopg.connect(self.engines.postgres.url_of("postgres"), autocommit=True, options=limit) as connection:
            connection.execute(statement)

    @contextmanager
    def fresh(
        self, *, database_url: str | None = None, folder: Path | None = None, catalogue: str | None = None, **more: str
    ) -> Iterator["Stack"]:
        """Processes of their own on the same engines, with other settings; on a database and in a folder of their own, if none is given."""
        with ExitStack() as opened:
            url = database_url or opened.enter_context(self.own_database())
            place = folder or self.folder / f"fresh-{secrets.token_hex(4)}"
            own = Stack(place, database_url=url, redis_url=self.redis_url, engines=self.engines, catalogue=catalogue, more=more)
            opened.callback(own.stop)
            own.start()
            yield own

    @property
    def log(self) -> str:
        return (self.folder / "processes.log").read_text(errors="replace")

    def environment(self) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "DAYBOOK_SECRET_KEY": SECRET,
            "DAYBOOK_PORT": str(self.port),
            "DAYBOOK_DATA_DIR": str(self.folder / "data"),
            "DAYBOOK_RATE_LIMITS": LIMITS,
            "DAYBOOK_CHECKPOINT_EVENTS": "100",
            "DAYBOOK_CHECKPOINT_SECONDS": "1",
            "DAYBOOK_CATALOGUE": str(self.folder / "catalogue.toml"),
            "DAYBOOK_LOG_LEVEL": "warning",
            "DAYBOOK_LOG_FORMAT": "json",
            **self._more,
        }

    def pid(self, role: str) -> int:
        return self._processes[role].pid

    def kill(self, role: str) -> None:
        self.signal(role, signal.SIGKILL)

    def signal(self, role: str, number: signal.Signals) -> None:
        os.kill(self.pid(role), number)

    @contextmanager
    def another(self, role: str) -> Iterator[None]:
        """A second process of *role* beside the first, drained at the end."""
        process = subprocess.Popen([DAYBOOK, role], env=self.environment(), stdout=self._log, stderr=self._log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One run of `daybook` to its end."""
        return subprocess.run([DAYBOOK, *words], env=self.environment(), capture_output=True, text=True, timeout=120)

    def start(self) -> None:
        """Bring the stores up to date, then every role.   Raises RuntimeError."""
        migrated = self.command("migrate")
        if migrated.returncode:
            raise RuntimeError(f"daybook migrate failed: {migrated.stderr[-4000:]}")
        for role in ROLES:
            self._start(role)
        self._supervisor.start()
        until = time.monotonic() + 40
        while not self.ready():
            if time.monotonic() > until:
                raise RuntimeError(f"the API did not become ready:\n{self.log[-4000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        self._stopping.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()

    def _start(self, role: str) -> None:
        self._processes[role] = subprocess.Popen([DAYBOOK, role], env=self.environment(), stdout=self._log, stderr=self._log)

    def _supervise(self) -> None:
        while not self._stopping.wait(0.05):
            dead = [role for role, process in self._processes.items() if process.poll() is not None]
            if dead and not self._stopping.wait(RESTART_SECONDS):
                for role in dead:
                    self._start(role)

    def ready(self) -> bool:
        """Whether the API is there, and finds everything that it needs."""
        try:
            return httpx.get(f"{self.url}/health/ready", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


DAYBOOK = str(Path(sys.executable).with_name("daybook"))


@contextmanager
def stack(
    folder: Path, *, engines: Engines, database_url: str | None = None, redis_url: str | None = None, more: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """All processes, until the block ends; on the engines' own database, if no other is named."""
    running = Stack(
        folder, database_url=database_url or engines.database_url, redis_url=redis_url or engines.redis_url, engines=engines, more=more
    )
    try:
        running.start()
        yield running
    finally:
        running.stop()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
