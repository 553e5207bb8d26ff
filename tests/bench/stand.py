"""The stand a row is measured on: embedded engines, a fresh database for each measurement, real `daybook` processes, peers."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from daybook.engines import Engines
from daybook.schema import bring_up_to_date
from daybook.settings import load as load_settings
from tests.bench.books import grant_all

PEOPLE = 64
CREDITS = 1_000_000_000
PEERS = Path(__file__).parent / "peers"
SECRET = "bench-secret-bench-secret-bench-secret-bench"
CATALOGUE = """
price_version = 1
[[models]]
id = "bench/noop"
kind = "image"
provider = "noop"
title = "No-op"
description = "Makes nothing, at once."
price = 5
upstream = "noop"
[models.adapter]
sleep_ms = 0
[[models]]
id = "bench/picture"
kind = "image"
provider = "builtin"
title = "Picture"
description = "The built-in renderer."
price = 5
upstream = "sketch-1"
formats = ["png"]
"""


class Stand:
    """Engines and processes for all rows. `peers_python` is the interpreter of the peers' environment."""

    def __init__(self, folder: Path, engines: Engines, peers_python: Path) -> None:
        self.folder = folder
        self.engines = engines
        self.peers_python = peers_python
        self.catalogue = folder / "bench.toml"
        self.catalogue.write_text(CATALOGUE)
        self._kept: dict[str, str] = {}
        #: Database -> refresh tokens of the people who are registered in it.
        self._people: dict[str, list[str]] = {}

    def database(self) -> str:
        """A new, migrated database in which nothing has happened."""
        return self.copy(self.kept("a migrated database", lambda dsn: None))

    def house(self) -> str:
        """A new database in which PEOPLE have accounts and all the credits they may want."""
        return self.copy(self.kept(f"a house of {PEOPLE} accounts", lambda dsn: self.register(dsn, PEOPLE)))

    def empty_database(self, how: str = "") -> str:
        name = f"bench_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.engines.database_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" {how}'.encode())
        parts = psycopg.conninfo.conninfo_to_dict(self.engines.database_url)
        return f"postgresql://{parts['user']}:{parts['password']}@/{name}?host={parts['host']}"

    def kept(self, name: str, fill: Callable[[str], object]) -> str:
        """A database that *fill* filled once for the whole run. Nobody writes to it: rows that would, take a copy."""
        if name not in self._kept:
            began = time.monotonic()
            dsn = self.empty_database()
            asyncio.run(bring_up_to_date(load_settings(self.environment(dsn, 8000))))
            fill(dsn)
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
            print(f"seeded {name}   [{time.monotonic() - began:.0f} s]", flush=True)
            self._kept[name] = dsn
        return self._kept[name]

    def copy(self, dsn: str) -> str:
        """Another database with the same content, file by file. Nobody may be connected to the first."""
        source = str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])
        made = self.empty_database(f'TEMPLATE "{source}" STRATEGY file_copy')
        self._people[made] = self._people.get(dsn, [])
        return made

    def register(self, dsn: str, count: int) -> None:
        """Register *count* accounts over HTTP and grant them credits. Passwords are costly by design, so copies share them."""
        port, ids = free_port(), []
        self._people[dsn] = []
        with self.processes(dsn, "api", port=port), httpx.Client(base_url=url(port), trust_env=False, timeout=60) as client:
            for _ in range(count):
                answer = client.post("/v1/auth/register", json={"email": f"{uuid.uuid4().hex}@bench.test", "password": "correct horse"})
                answer.raise_for_status()
                self._people[dsn].append(answer.json()["refresh_token"])
                ids.append(uuid.UUID(answer.json()["account"]["id"]))
        asyncio.run(grant_all(dsn, ids, CREDITS))

    def tokens(self, dsn: str, port: int, count: int) -> list[str]:
        """Fresh access tokens of the first *count* people. A refresh token works once, so ask once for each copy."""
        with httpx.Client(base_url=url(port), trust_env=False, timeout=60) as client:
            answers = [client.post("/v1/auth/refresh", json={"refresh_token": token}) for token in self._people[dsn][:count]]
        return [answer.raise_for_status().json()["access_token"] for answer in answers]

    def drop(self, dsn: str) -> None:
        name = str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])
        with psycopg.connect(self.engines.database_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def environment(self, dsn: str, port: int) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DATABASE_URL": dsn,
            "REDIS_URL": self.engines.redis_url,
            "DAYBOOK_SECRET_KEY": SECRET,
            "DAYBOOK_PORT": str(port),
            "DAYBOOK_DATA_DIR": str(self.folder / "objects"),
            # Tokens name their issuer: several API processes are one installation.
            "DAYBOOK_PUBLIC_URL": "http://127.0.0.1",
            # Counted as everywhere, and so high that none is reached.
            "DAYBOOK_RATE_LIMITS": ",".join(f"{bucket}=1000000/60" for bucket in ("anonymous", "api", "auth", "generations", "refresh")),
            "DAYBOOK_CATALOGUE": str(self.catalogue),
            "DAYBOOK_LOG_LEVEL": "warning",
            "DAYBOOK_LOG_FORMAT": "json",
            # Only where a notary runs: it signs soon, so that a row can wait for it.
            "DAYBOOK_CHECKPOINT_SECONDS": "1",
        }

    def engine_pids(self) -> dict[str, int]:
        """The two servers' first processes, by role."""
        servers = {"PostgreSQL": self.engines.postgres._process, "Redis": self.engines.redis._process}
        return {role: server.pid for role, server in servers.items() if server is not None}

    @contextmanager
    def processes(self, dsn: str, *roles: str, port: int) -> Iterator[dict[str, int]]:
        """Run `daybook <role>` for each of *roles* until the block ends. Gives their process ids by role."""
        log = (self.folder / "processes.log").open("ab")
        running = {
            role: subprocess.Popen(
                [str(Path(sys.executable).with_name("daybook")), *role.split()], env=self.environment(dsn, port), stdout=log, stderr=log
            )
            for role in roles
        }
        try:
            if any(role.startswith("api") for role in roles):
                wait_until_ready(port, running)
            yield {role: process.pid for role, process in running.items()}
        finally:
            for process in running.values():
                process.send_signal(signal.SIGTERM)
            for process in running.values():
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            log.close()

    def peer(self, *arguments: str, timeout: int = 180) -> dict[str, Any]:
        """What a peer's program prints.   Raises RuntimeError with its last words when it fails."""
        program, *rest = arguments
        done = subprocess.run(
            [str(self.peers_python), str(PEERS / program), *rest], capture_output=True, text=True, timeout=timeout, cwd=self.folder
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()[-600:]}")
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def load(plan: dict[str, Any]) -> dict[str, Any]:
    """Run the load generator with *plan* in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "tests.bench.load"], input=json.dumps(plan), capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.strip()[-600:]}")
    return dict(json.loads(done.stdout))


def loads(plans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run several load generators at once."""
    running = [
        subprocess.Popen([sys.executable, "-m", "tests.bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in plans
    ]
    for process, plan in zip(running, plans, strict=True):
        assert process.stdin is not None
        process.stdin.write(json.dumps(plan))
        process.stdin.close()
        process.stdin = None
    return [dict(json.loads(process.communicate(timeout=300)[0])) for process in running]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_ready(port: int, running: dict[str, subprocess.Popen[bytes]], seconds: float = 60) -> None:
    until, said = time.monotonic() + seconds, "nothing"
    while time.monotonic() < until:
        for role, process in running.items():
            if process.poll() is not None:
                raise RuntimeError(f"daybook {role} ended with {process.returncode}")
        try:
            answer = httpx.get(f"{url(port)}/health/ready", trust_env=False)
        except httpx.TransportError as error:
            said = repr(error)
        else:
            if answer.status_code == 200:
                return
            said = answer.text
        time.sleep(0.05)
    raise RuntimeError(f"the API did not become ready within {seconds} s; it said {said}")


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
