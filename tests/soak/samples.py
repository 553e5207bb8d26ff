"""What is looked at every half minute: processes, tables, followers and queues."""

import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.bench.cpu import TICKS, cpu_seconds
from tests.soak.town import Town
from tests.soak.wire import Wire

#: Those that are written for every generation. Read models have their version in their names.
HOT = """
    SELECT s.schemaname || '.' || s.relname, pg_table_size(s.relid), pg_indexes_size(s.relid), s.n_live_tup, s.n_dead_tup,
           s.n_tup_ins, s.n_tup_upd, s.n_tup_hot_upd, s.n_tup_del, s.autovacuum_count, s.vacuum_count
    FROM pg_stat_user_tables s WHERE s.schemaname IN ('journal', 'dispatch', 'read', 'webhooks', 'proofs')
"""
FOLLOWERS = """
    SELECT name, head - position FROM (
        SELECT name, position, coalesce((SELECT max(position) FROM journal.events), 0) AS head FROM (
            SELECT name, position FROM read.models WHERE state = 'live'
            UNION ALL SELECT 'webhooks', position FROM webhooks.follower
            UNION ALL SELECT 'notary', coalesce(max(size), 0) FROM proofs.checkpoints) f) l
"""
WORK = "SELECT state, count(*) FROM dispatch.work GROUP BY state"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
OLDEST = """
    SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
MIB = 1 << 20


@dataclass
class Process:
    """MiB of memory that is its own (anonymous), MiB resident with what is shared, seconds of CPU so far, open files."""

    own_mib: float
    rss_mib: float
    cpu_seconds: float
    files: int
    processes: int


@dataclass
class Table:
    """Bytes of heap and of indexes; rows that live and are dead; what was done to it so far."""

    heap: int
    indexes: int
    live: int
    dead: int
    inserted: int
    updated: int
    hot_updated: int
    deleted: int
    autovacuums: int
    vacuums: int


@dataclass
class Sample:
    """`at`: seconds since the load began; `now`: the same on the monotonic clock."""

    at: float
    now: float
    processes: dict[str, Process]
    tables: dict[str, Table]
    lags: dict[str, int]
    work: dict[str, int]
    connections: int
    client_connections: int
    oldest_transaction_seconds: float
    redis_bytes: int
    #: Seconds in which cores of this machine worked, for whomever, since it was started.
    busy_seconds: float

    def plain(self) -> dict[str, Any]:
        return asdict(self)


class Sampler:
    def __init__(self, running: Town, wire: Wire) -> None:
        self._running, self._wire = running, wire
        self.began = time.monotonic()
        self.samples: list[Sample] = []

    def take(self) -> Sample:
        now = time.monotonic()
        families = {**self._running.families(), "client": [os.getpid()]}
        with psycopg.connect(self._running.database_url, autocommit=True) as connection:
            tables = {row[0]: Table(*row[1:]) for row in connection.execute(HOT).fetchall()}
            lags = {str(name): int(lag) for name, lag in connection.execute(FOLLOWERS).fetchall()}
            work = {str(state): int(rows) for state, rows in connection.execute(WORK).fetchall()}
            connections, oldest = (connection.execute(query).fetchall()[0][0] for query in (CONNECTIONS, OLDEST))
        with redis.Redis.from_url(self._running.redis_url) as client:
            memory: Any = client.info("memory")
        sample = Sample(
            at=now - self.began,
            now=now,
            processes={name: measured(pids) for name, pids in families.items()},
            tables=tables,
            lags=lags,
            work=work,
            connections=int(connections),
            client_connections=self._wire.open,
            oldest_transaction_seconds=float(oldest),
            redis_bytes=int(memory["used_memory"]),
            busy_seconds=busy_seconds(),
        )
        self.samples.append(sample)
        return sample


def measured(pids: Iterable[int]) -> Process:
    """Of a process and its children together. Those that have ended meanwhile count nothing."""
    own, rss, cpu, files, living = 0, 0, 0.0, 0, 0
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            files += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue
        living += 1
        own += _kib(status, "RssAnon:")
        rss += _kib(status, "VmRSS:")
        cpu += cpu_seconds(pid)
    return Process(own / 1024, rss / 1024, cpu, files, living)


def busy_seconds() -> float:
    """Fields of proc(5), stat: all but idle, waiting for disks, and guests, who are counted as users, too."""
    user, nice, system, _, _, irq, softirq, steal, *_ = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq + steal) / TICKS


def _kib(status: str, name: str) -> int:
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith(name)), 0)
