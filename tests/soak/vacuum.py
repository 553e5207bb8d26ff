"""What settings of storage and vacuum do to the queue's table and to the log: figures for docs/decisions/0029-vacuum.md.

usage: python -m tests.soak.vacuum [--seconds 60] [--rate 150] [--candidates today,defaults,...]

Generations live their lives on the journal and the claims alone, at a fixed rate, in a database of each candidate's own. What is printed
does not depend on how busy the machine is: pages, rows, WAL bytes, and blocks that a claim looks at.
"""

import argparse
import asyncio
import contextlib
import json
import re
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from daybook.engines import Engines, embedded
from daybook.engines.postgres import SETTINGS
from domain.generations.commands import StartGeneration, SucceedGeneration
from infra.dispatch.claims import PostgresClaims
from infra.journal.journal import PostgresJournal
from infra.postgres.migrate import migrate
from infra.postgres.pool import Pool
from tests.bench.books import execute, fill, journal_of, new_id, open_account, request_of

WORK = "ALTER TABLE dispatch.work"
RESET = f"{WORK} RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor)"
#: Name -> what is said to the queue's table after the migrations.
CANDIDATES: dict[str, tuple[str, ...]] = {
    "as migrated": (),
    "server's defaults": (RESET,),
    "0002: fillfactor 80, scale 0.02": (RESET, f"{WORK} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)"),
    "fillfactor 100, scale 0.02": (RESET, f"{WORK} SET (autovacuum_vacuum_scale_factor = 0.02)"),
    "fillfactor 50, scale 0.02": (RESET, f"{WORK} SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02)"),
    "threshold 500, no scale, no delay, no truncation": (
        RESET,
        f"{WORK} SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0,"
        " vacuum_truncate = false)",
    ),
    "threshold 5000, no scale, no delay, no truncation": (
        RESET,
        f"{WORK} SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,"
        " vacuum_truncate = false)",
    ),
    "no autovacuum at all": (RESET, f"{WORK} SET (autovacuum_enabled = false)"),
}
TABLE = """
    SELECT pg_relation_size(relid) / 8192, pg_indexes_size(relid) / 8192, n_dead_tup, autovacuum_count,
           CASE WHEN n_tup_upd > 0 THEN round(100.0 * n_tup_hot_upd / n_tup_upd) ELSE 0 END
    FROM pg_stat_user_tables WHERE relid = 'dispatch.work'::regclass
"""
LSN = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
CLAIM = (
    "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT * FROM dispatch.claim_v3(gen_random_uuid(), '{image}', 1, interval '30 s')"
)
SAMPLE_SECONDS = 1.0


@dataclass
class Seen:
    """Samples of one candidate."""

    heap: list[int] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    claim_blocks: list[int] = field(default_factory=list)
    vacuums: int = 0
    hot: int = 0
    lives: int = 0
    wal: int = 0

    def row(self, name: str) -> str:
        blocks, wal = sorted(self.claim_blocks), self.wal // max(1, self.lives)
        return (
            f"| {name} | {max(self.heap)} | {max(self.indexes)} | {median(self.dead):.0f} | {max(self.dead)} | {self.vacuums} "
            f"| {self.hot} % | {median(blocks):.0f} | {blocks[int(len(blocks) * 0.95)]} | {wal:,} | {self.lives:,} |"
        )


HEAD = (
    "| dispatch.work | heap pages, most | index pages, most | dead rows, median | most | autovacuums | HOT | blocks of a claim, median "
    "| p95 | WAL bytes a generation | generations |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


async def lives(journal: PostgresJournal, claims: PostgresClaims, account: uuid.UUID, *, rate: float, seconds: float) -> int:
    """*rate* generations a second are asked for, claimed, begun and ended."""
    owner, loop = new_id(), asyncio.get_running_loop()
    began, done, running = loop.time(), 0, set[asyncio.Task[None]]()
    while (now := loop.time()) < began + seconds:
        wanted = int((now - began) * rate) - done
        if wanted > 0 and len(running) < 8:
            task = asyncio.create_task(some(journal, claims, account, owner, min(wanted, 16)))
            running.add(task)
            task.add_done_callback(running.discard)
            done += min(wanted, 16)
        await asyncio.sleep(0.02)
    await asyncio.gather(*running)
    return done


async def some(journal: PostgresJournal, claims: PostgresClaims, account: uuid.UUID, owner: uuid.UUID, count: int) -> None:
    await asyncio.gather(*(execute(journal, request_of(account, new_id())) for _ in range(count)))
    claimed = await claims.claim(owner, ["image"], count)
    await asyncio.gather(*(one(journal, account, each.generation_id) for each in claimed))


async def one(journal: PostgresJournal, account: uuid.UUID, generation: uuid.UUID) -> None:
    await execute(journal, StartGeneration(generation_id=generation, worker="vacuum"))
    ended: dict[str, Any] = {"attempt": 1, "worker": "vacuum", "assets": [], "price": 5, "usage": {"item": 1}}
    await execute(journal, SucceedGeneration(generation_id=generation, account_id=account, **ended))


async def measured(dsn: str, *, rate: float, seconds: float, queued: int) -> Seen:
    """While *queued* others wait all the time."""
    seen = Seen()
    pool = Pool(dsn, size=4, name="vacuum")
    await pool.open()
    try:
        async with journal_of(dsn) as journal:
            account = await open_account(journal, 100_000_000)
            await asyncio.gather(*(execute(journal, request_of(account, new_id())) for _ in range(queued)))
            with psycopg.connect(dsn, autocommit=True) as connection:
                before = connection.execute(LSN).fetchall()[0][0]
                looking = asyncio.create_task(look(dsn, seen))
                seen.lives = await lives(journal, PostgresClaims(pool), account, rate=rate, seconds=seconds)
                looking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await looking
                seen.wal = connection.execute(LSN).fetchall()[0][0] - before
    finally:
        await pool.close()
    return seen


async def look(dsn: str, seen: Seen) -> None:
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        await asyncio.to_thread(sample, dsn, seen)


def sample(dsn: str, seen: Seen) -> None:
    """The claim is undone again, so that it takes nothing from anybody."""
    with psycopg.connect(dsn) as connection:
        heap, indexes, dead, seen.vacuums, seen.hot = connection.execute(TABLE).fetchall()[0]
        for _ in range(2):
            # The first of a connection reads the catalogue, too.
            plan = connection.execute(CLAIM).fetchall()[0][0]
            connection.rollback()
    top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    seen.heap.append(heap)
    seen.indexes.append(indexes)
    seen.dead.append(dead)
    seen.claim_blocks.append(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


FIRSTS = {"freezes when it is old": "VACUUM (VERBOSE) journal.events", "freezes at once": "VACUUM (VERBOSE, FREEZE) journal.events"}
FROZEN = "SELECT relpages, relallfrozen FROM pg_class WHERE oid = 'journal.events'::regclass"


def freezing(engines: Engines, events: int) -> None:
    """A vacuum of the log, with and without freezing at once; one more after a tenth more; and a last one, which freezes the rest."""
    print("| journal.events | pages | frozen | WAL bytes | pages looked at after a tenth more | WAL bytes | WAL bytes of the last |")
    print("|---|---|---|---|---|---|---|")
    for name, statement in FIRSTS.items():
        with database(engines) as dsn:
            asyncio.run(fill(dsn, events))
            _, first = vacuumed(dsn, statement)
            with psycopg.connect(dsn) as connection:
                pages, frozen = connection.execute(FROZEN).fetchall()[0]
            asyncio.run(fill(dsn, events // 10))
            looked_at, second = vacuumed(dsn, statement)
            _, last = vacuumed(dsn, FIRSTS["freezes at once"])
            print(f"| {name} | {pages:,} | {frozen:,} | {first:,} | {looked_at:,} | {second:,} | {last:,} |", flush=True)


def vacuumed(dsn: str, statement: str) -> tuple[int, int]:
    """Pages of the table that it looked at, and bytes of WAL."""
    notices: list[str] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        before = connection.execute(LSN).fetchall()[0][0]
        connection.execute(statement)
        wal = connection.execute(LSN).fetchall()[0][0] - before
    found = re.search(r"(\d+) scanned", "\n".join(notices))
    return int(found[1]) if found else 0, wal


@contextlib.contextmanager
def database(engines: Engines) -> Iterator[str]:
    """A migrated database that goes away again."""
    name = f"vacuum_{uuid.uuid4().hex[:12]}"
    parts = psycopg.conninfo.conninfo_to_dict(engines.database_url)
    with psycopg.connect(engines.database_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        dsn = f"postgresql://{parts['user']}:{parts['password']}@/{name}?host={parts['host']}"
        try:
            asyncio.run(migrate(dsn))
            yield dsn
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=150.0, help="generations a second")
    parser.add_argument("--candidates", default="", help=f"some of: {'; '.join(CANDIDATES)}, separated by ;")
    parser.add_argument("--queued", type=int, default=200, help="generations that wait all the time")
    parser.add_argument("--events", type=int, default=40_000, help="of the log that is frozen; 0: none")
    options = parser.parse_args()
    wanted = [name.strip() for name in options.candidates.split(";") if name.strip()] or list(CANDIDATES)
    with tempfile.TemporaryDirectory(prefix="daybook-vacuum-") as folder, embedded(Path(folder) / "engines") as engines:
        print(f"autovacuum looks every {SETTINGS['autovacuum_naptime']}\n\n{HEAD}", flush=True)
        for name in wanted:
            with database(engines) as dsn:
                with psycopg.connect(dsn, autocommit=True) as connection:
                    for statement in CANDIDATES[name]:
                        connection.execute(statement)
                began = time.monotonic()
                print(asyncio.run(measured(dsn, rate=options.rate, seconds=options.seconds, queued=options.queued)).row(name), flush=True)
                print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
        if options.events:
            print()
            freezing(engines, options.events)
    return 0


if __name__ == "__main__":
    sys.exit(main())
