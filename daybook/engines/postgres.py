"""The embedded PostgreSQL: made by initdb once, started by us, reached over one Unix socket with a password."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from daybook.engines import child
from daybook.engines.account import Account, choose
from daybook.engines.binaries import postgres_binaries
from daybook.engines.engine import Engine
from daybook.engines.errors import EngineError
from daybook.engines.passwords import kept

USER = "daybook"
DATABASE = "daybook"
MAJOR = "18"
#: Only a part of the socket's name here, but named everywhere, so that a PGPORT of the person's changes nothing.
PORT = 5432
#: Recovery after an accident reads up to max_wal_size.
READY_SECONDS = 180.0
RETRY_SECONDS = 5.0
INITDB = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=scram-sha-256",
    f"--username={USER}",
    "--no-instructions",
)
#: For two cores and a laptop's memory. Durability stays on: a 202 is a promise.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0600",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "wal_buffers": "16MB",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # a failing statement would bring its values, and with them personal data, into the log
    "log_min_error_statement": "panic",
}
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT


class Postgres(Engine):
    """One cluster in `<data>/postgres`."""

    STOP = ((FAST, 20.0), (IMMEDIATE, 10.0))

    def __init__(self, data: Path, runtime: Path) -> None:
        self._data = data
        self._cluster = data / "postgres"
        self._sockets = runtime / "pg"
        super().__init__()

    @property
    def url(self) -> str:
        """What clients connect with: the database `daybook` over the socket."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The same server's URL for another database."""
        password = kept(self._password_file)
        return f"postgresql://{USER}:{quote(password)}@/{quote(database)}?host={quote(str(self._sockets), safe='')}&port={PORT}"

    def start(self) -> None:
        """Makes the cluster on first use, stops one left behind, starts the server and waits until it answers."""
        binaries = postgres_binaries()
        account = choose(os.getuid(), self._data, binaries)
        pid_file = self._cluster / "postmaster.pid"
        child.stop_stray(pid_file, self._cluster, *self.STOP)
        if child.alive(pid_file):  # its number belongs to a stranger now; PostgreSQL would refuse to start
            pid_file.unlink()
        self._make(binaries, account)
        self._serve(binaries, account)
        self._make_database()

    def _make(self, binaries: Path, account: Account) -> None:
        """initdb into a directory that gets its name last, so an interrupted one is begun again."""
        if self._cluster.exists():
            self._check_version()
            return
        new, secret = self._data / "postgres.new", self._data / "postgres-initdb"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        secret.touch(mode=0o600)
        secret.write_text(kept(self._password_file) + "\n")
        self._give(account, new, secret)
        command = [*account.prefix, str(binaries / "initdb"), *INITDB, f"--pwfile={secret}", f"--pgdata={new}"]
        done = subprocess.run(
            command, user=account.uid, group=account.gid, env=dict(child.ENVIRONMENT), cwd="/", capture_output=True, text=True, check=False
        )
        secret.unlink()
        if done.returncode != 0:
            raise EngineError(f"initdb failed in {self._data}: {(done.stderr or done.stdout).strip()}")
        new.rename(self._cluster)

    def _give(self, account: Account, *paths: Path) -> None:
        """Where another account runs the server: it owns its files and may walk through our directory above them."""
        if account.uid is None or account.gid is None:
            return
        for path in paths:
            os.chown(path, account.uid, account.gid)
            path.parent.chmod(0o711)

    def _check_version(self) -> None:
        found = (self._cluster / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise EngineError(f"{self._cluster} was made by PostgreSQL {found}, this is {MAJOR}; dump it with the old one, or move it away")

    def _serve(self, binaries: Path, account: Account) -> None:
        """Starts the server, again while a killed predecessor's children still hold its shared memory."""
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        self._give(account, self._sockets)
        settings = [f"--{name}={value}" for name, value in (SETTINGS | {"unix_socket_directories": _listed(self._sockets)}).items()]
        command = [*account.prefix, str(binaries / "postgres"), "-D", str(self._cluster), *settings]
        began = time.monotonic()
        while True:
            process = child.spawn(command, cwd=self._cluster, log=self._log, user=account.uid, group=account.gid, death=FAST)
            self._process = process
            if self._answers(process, began + READY_SECONDS):
                return
            if time.monotonic() > began + RETRY_SECONDS:
                self.kill()
                raise EngineError(f"PostgreSQL does not start; the reason stands at the end of {self._log}: {_last_line(self._log)}")
            time.sleep(0.2)

    @property
    def _password_file(self) -> Path:
        return self._data / "postgres-password"

    @property
    def _log(self) -> Path:
        return self._data / "logs" / "postgres.log"

    def _answers(self, process: subprocess.Popen[bytes], end: float) -> bool:
        """True as soon as it takes a connection, False when it ended or time is up."""
        import psycopg  # here, because `make clean` imports this package without any other

        while process.poll() is None and time.monotonic() < end:
            try:
                psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:  # not listening yet, or recovering
                if "password authentication failed" in str(error):
                    raise EngineError(f"the password in {self._password_file} is not the one of {self._cluster}; bring it back") from None
                time.sleep(0.02)
            else:
                return True
        return False

    def _make_database(self) -> None:
        import psycopg

        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")


def _listed(directory: Path) -> str:
    """A directory as PostgreSQL's list setting wants it: quoted, so commas and spaces are its own."""
    return '"' + str(directory).replace('"', '""') + '"'


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "(empty)"
