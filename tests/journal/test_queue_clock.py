"""Queues' clocks: however many rows have died under somebody's snapshot, few of them are met, and nobody who lives is missed."""

import json
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import IsolationLevel

from domain.generations.kinds.table import KINDS
from domain.kernel.commands import CloseWork, OpenWork, RequeueWork
from infra.dispatch.board import LIFT, READY, PostgresBoard
from infra.dispatch.claims import CLAIM, LEASE, PostgresClaims
from infra.dispatch.queues import POSITION
from infra.postgres.migrate import MIGRATIONS, migrate
from tests.journal.counters import Open
from tests.journal.test_work_rows import LATER, append, opening
from tests.support.journal import JournalWorld, context

A = uuid4()
DEAD = 3_000
CYCLE = 50
#: Entries of all indexes that this transaction has read.
READ = """
    SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint FROM pg_index WHERE indrelid = 'dispatch.work'::regclass
"""
CLAIM_V2 = "SELECT * FROM dispatch.claim_v2(%(owner)s, %(queues)s::text[], %(limit)s, %(lease)s)"
CHANGE = """
    SELECT dispatch.change_work(now(), NULL, %(ones)s::integer[], %(op)s::smallint[], %(generations)s::uuid[], %(accounts)s::uuid[],
        %(queues)s::text[], %(models)s::text[], %(models)s::text[], %(priorities)s::smallint[], %(never)s::timestamptz[],
        %(never)s::timestamptz[], %(deadlines)s::timestamptz[])
"""
MOVE = "SELECT setval('dispatch.clock_image', %s)"
BELOW = "SELECT count(*) FROM dispatch.work WHERE state = 'ready' AND rank < dispatch.lowest_rank(queue)"


@pytest.fixture
async def counter(counters: JournalWorld) -> UUID:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    return counter


@asynccontextmanager
async def snapshot(world: JournalWorld) -> AsyncIterator[None]:
    """Open for as long as the block lasts: nothing that dies meanwhile is cleaned up."""
    async with await psycopg.AsyncConnection.connect(world.dsn) as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.execute("SELECT count(*) FROM dispatch.work")
        yield


async def live_and_die(world: JournalWorld, counter: UUID, count: int) -> None:
    """*count* generations of one account, one turn each."""
    claims, account = PostgresClaims(world.pool), uuid4()
    for _ in range(0, count, CYCLE):
        await append(world, counter, *[opening(account) for _ in range(CYCLE)])
        claimed = await claims.claim(A, ["image"], CYCLE)
        assert len(claimed) == CYCLE
        await append(world, counter, *[CloseWork(generation_id=each.generation_id) for each in claimed])


async def entries_read(world: JournalWorld, query: str, values: dict[str, Any]) -> int:
    """How many index entries *query* reads, alive and dead; it changes nothing."""
    async with await psycopg.AsyncConnection.connect(world.dsn) as connection:
        # As in the append and the claim: however small the table is.
        await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off")
        await connection.commit()
        before = await (await connection.execute(READ)).fetchone()
        await connection.execute(query.encode(), values)
        after = await (await connection.execute(READ)).fetchone()
        await connection.rollback()
    assert before is not None and after is not None
    return int(after[0] - before[0])


async def blocks_looked_at(world: JournalWorld, query: str, values: dict[str, Any]) -> int:
    async with await psycopg.AsyncConnection.connect(world.dsn) as connection:
        # The first time it is planned, out of the catalogue.
        await connection.execute(query.encode(), values)
        await connection.rollback()
        explained = await connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query}".encode(), values)
        found = await explained.fetchone()
        await connection.rollback()
    assert found is not None
    plan = (found[0] if isinstance(found[0], list) else json.loads(found[0]))[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def claiming(limit: int = 1) -> dict[str, Any]:
    return {"owner": A, "queues": list(KINDS), "limit": limit, "lease": LEASE}


def submitting(count: int = 8) -> dict[str, Any]:
    """So many openings, by two accounts that were there before or not."""
    accounts = [uuid4(), uuid4()]
    return {
        "ones": [1] * count,
        "op": [0] * count,
        "generations": [uuid4() for _ in range(count)],
        "accounts": [accounts[n % 2] for n in range(count)],
        "queues": ["image"] * count,
        "models": ["m"] * count,
        "priorities": [0] * count,
        "never": [None] * count,
        "deadlines": [LATER] * count,
    }


async def test_under_an_open_snapshot_nobody_walks_over_the_dead(counters: JournalWorld, counter: UUID) -> None:
    async with snapshot(counters):
        await live_and_die(counters, counter, DEAD)
        asked = opening(uuid4())
        await append(counters, counter, asked)
        questions: dict[str, tuple[str, dict[str, Any]]] = {
            "claim": (CLAIM, claiming()),
            "submit": (CHANGE, submitting()),
            "ready": (READY, {"queues": list(KINDS), "limit": 8}),
            "position": (POSITION, {"id": asked.generation_id}),
        }
        read = {name: await entries_read(counters, *question) for name, question in questions.items()}
        blocks = {name: await blocks_looked_at(counters, *question) for name, question in questions.items()}
        # So many there are to walk over: the claim of the release before does it.
        assert await entries_read(counters, CLAIM_V2, claiming()) >= DEAD
    # What was begun in the last 150 turns is met, and nothing older.
    assert {name: count for name, count in read.items() if count > 160} == {}
    assert read["submit"] <= 8
    assert {name: count for name, count in blocks.items() if count > 200} == {}


async def test_an_idle_claim_is_bounded_too(counters: JournalWorld, counter: UUID) -> None:
    async with snapshot(counters):
        await live_and_die(counters, counter, DEAD)
        assert await entries_read(counters, CLAIM, claiming()) <= 160


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_ready_is_where_claims_look(counters: JournalWorld, counter: UUID, seed: int) -> None:
    """Accounts with long lines and short ones, all priorities, rows given back late, claims of many and of few."""
    chance, claims, board = random.Random(seed), PostgresClaims(counters.pool), PostgresBoard(counters.pool)
    accounts, opened, running = [uuid4() for _ in range(4)], set[UUID](), list[UUID]()
    for _ in range(80):
        match chance.choice(["open", "open", "claim", "claim", "end", "give back", "requeue"]):
            case "open":
                account, priority = chance.choice(accounts), chance.choice([-1, 0, 0, 1])
                works: list[OpenWork] = [opening(account, priority=priority) for _ in range(chance.choice([1, 3, 120]))]
                await append(counters, counter, *works)
                opened |= {work.generation_id for work in works}
            case "claim":
                limit = chance.choice([1, 8, 100])
                ready = await board.ready(["image"], limit)
                claimed = await claims.claim(A, ["image"], limit)
                assert len(claimed) == ready
                running += [each.generation_id for each in claimed]
            case "end" if running:
                ended = [running.pop(chance.randrange(len(running))) for _ in range(len(running) // 2)]
                await append(counters, counter, *[CloseWork(generation_id=each) for each in ended])
                opened -= set(ended)
            case "give back" if running:
                await claims.release(A, [running.pop(0)])
            case "requeue" if running:
                await append(counters, counter, RequeueWork(generation_id=running.pop(0), run_at=None))
        assert await counters.rows(BELOW) == [(0,)]
    while claimed := await claims.claim(A, ["image"], 64):
        running += [each.generation_id for each in claimed]
    assert set(running) == opened and len(running) == len(opened)


async def test_what_is_committed_too_late_is_found_by_the_dispatcher(counters: JournalWorld, counter: UUID) -> None:
    claims, board = PostgresClaims(counters.pool), PostgresBoard(counters.pool)
    late = {**submitting(1), "priorities": [1]}
    async with await psycopg.AsyncConnection.connect(counters.dsn) as connection:
        await connection.execute(CHANGE.encode(), late)
        await live_and_die(counters, counter, 6 * CYCLE)
        await connection.commit()
    assert await claims.claim(A, ["image"], 1) == [] and await board.ready(["image"], 1) == 0
    # Workers of the release before look everywhere, so they need no such dispatcher.
    assert await entries_read(counters, CLAIM_V2, claiming()) > 0
    async with counters.pool.connection() as other:
        assert (await (await other.execute(LIFT, {"queues": ["image"], "limit": 9})).fetchone())[0] == 1
    assert await board.ready(["image"], 1) == 1
    assert [each.generation_id for each in await claims.claim(A, ["image"], 1)] == late["generations"]


async def test_the_claims_of_releases_before_find_everything_and_move_the_clock(counters: JournalWorld, counter: UUID) -> None:
    works = [opening(uuid4()), opening(uuid4())]
    await append(counters, counter, *works)
    await counters.rows(MOVE, 1_000)
    found = [
        (await counters.rows(f"SELECT generation_id FROM dispatch.{claim}", A))[0][0]
        for claim in ("claim_v1(%s, 'image', 1, '30 s')", "claim_v2(%s, '{text,image}', 1, '30 s')")
    ]
    assert set(found) == {work.generation_id for work in works}
    await append(counters, counter, opening(uuid4(), queue="text"))
    await counters.rows("SELECT * FROM dispatch.claim_v2(%s, '{text,image}', 9, '30 s')", A)
    assert await counters.rows("SELECT dispatch.clock('text'), dispatch.clock('image'), dispatch.clock('none')") == [(1, 1_000, None)]


async def test_every_kind_has_a_clock(counters: JournalWorld) -> None:
    rows = await counters.rows("SELECT q, dispatch.clock(q) FROM unnest(%s::text[]) AS q", list(KINDS))
    assert dict(rows) == dict.fromkeys(KINDS, 0)


async def test_an_installation_from_before_goes_on_where_it_was(empty_database_url: str, tmp_path: Path) -> None:
    for path in sorted(MIGRATIONS.glob("*.sql")):
        if path.name < "0032":
            shutil.copy(path, tmp_path)
    await migrate(empty_database_url, tmp_path)
    insert = """
        INSERT INTO dispatch.work (generation_id, account_id, queue, model, provider, priority, turn, rank, state, deadline, created_at,
                                   lease_owner, lease_until, poll_at)
        SELECT gen_random_uuid(), gen_random_uuid(), q, 'm', 'p', 0, turn, turn, state, now(), now(),
               CASE state WHEN 'leased' THEN gen_random_uuid() END, CASE state WHEN 'leased' THEN now() END,
               CASE state WHEN 'parked' THEN now() END
        FROM (VALUES ('image', 7, 'leased'), ('image', 900, 'ready'), ('video', 30, 'parked'), ('text', 12, 'ready'), ('text', 13, 'ready'),
                     ('It''s "other"', 5, 'leased')) AS v (q, turn, state)
    """
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        await connection.execute(insert)
        await migrate(empty_database_url)
        asked = "SELECT q, dispatch.clock(q) FROM unnest('{image,speech,text,video}'::text[] || 'It''s \"other\"'::text) AS q"
        rows = await (await connection.execute(asked)).fetchall()
    assert dict(rows) == {"image": 7, "speech": 0, "text": 11, "video": 30, 'It\'s "other"': 5}
