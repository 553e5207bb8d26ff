"""What PostgreSQL must do for a generation, and nothing else: the same rows, in the same commits, by the barest statements there are.

A run of the row "end to end" leaves its rows. They are written again into a copy of the database as it was before: events in the batches
they came in, work rows inserted, leased and deleted, read models in as many steps. No lock, no check, no look, no function, no
notification; rows go in by COPY in its binary form, parsed by nobody but PostgreSQL. Snapshots of aggregates, usage by day and the read
models' own positions are left out, so it is a little less than the same.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql

#: Read models that get a row for each generation, in the order of the log, and the column that says where.
ROWS = {"generations_v1": "created_position", "ledger_entries_v2": "position"}
#: … and those of which a step changes a row for each account.
SUMS = {"balances_v2": "available", "balance_grants_v2": "held"}
COPY_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"
#: Steps of the projector so far: each moves all its models.
STEPS = """
    SELECT n_tup_upd / (SELECT count(*) FROM read.models WHERE state = 'live') FROM pg_stat_user_tables
    WHERE relid = 'read.models'::regclass
"""
#: In the order in which COPY has them.
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
OPEN = """
    INSERT INTO dispatch.work
        (generation_id, account_id, queue, model, provider, priority, turn, rank, state, deadline, created_at, limited)
    SELECT g, a, 'image', 'bench/noop', 'noop', 0, p, p, 'ready', now() + interval '1 hour', now(), false
    FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS w (g, a, p)
"""
LEASE = """
    UPDATE dispatch.work SET state = 'leased', lease_owner = gen_random_uuid(), lease_until = now() + interval '30 seconds',
        claims = claims + 1, started = true
    WHERE generation_id = ANY (%s)
"""
CLOSE = "DELETE FROM dispatch.work WHERE generation_id = ANY (%s)"
END = "UPDATE read.generations_v1 SET status = 'succeeded', updated_at = now(), finished_at = now() WHERE id = ANY (%s)"


class Batch(NamedTuple):
    """One commit of the log: its events as COPY has them, and the generations that it requests, starts and ends."""

    events: list[bytes]
    requested: list[tuple[UUID, UUID, int]]
    started: list[UUID]
    ended: list[UUID]


class Step(NamedTuple):
    """One commit of the read models: new rows by table, and the generations that end in it."""

    rows: dict[str, list[bytes]]
    ended: list[UUID]


class Left(NamedTuple):
    """What a run has written."""

    generations: int
    batches: list[Batch]
    steps: list[Step]


def left(connection: psycopg.Connection, *, after: int, steps: int) -> Left:
    """What a run has written after the position *after*, for which the projector took *steps*."""
    facts = connection.execute(
        "SELECT position, stream, account_id, topic, recorded_at FROM journal.events WHERE position > %s ORDER BY position", (after,)
    ).fetchall()
    events = iter(copied(connection, sql.SQL("SELECT * FROM journal.events WHERE position > {} ORDER BY position").format(after)))
    batches = []
    for _, group in groupby(facts, key=lambda fact: fact[4]):
        batch = list(group)
        named = {topic: [fact for fact in batch if fact[3] == f"generations.{topic}"] for topic in ("requested", "started", "succeeded")}
        batches.append(
            Batch(
                [next(events) for _ in batch],
                [(stream, account, position) for position, stream, account, *_ in named["requested"]],
                [fact[1] for fact in named["started"]],
                [fact[1] for fact in named["succeeded"]],
            )
        )
    ends = [(fact[0], fact[1]) for fact in facts if fact[3] == "generations.succeeded"]
    return Left(len(ends), batches, list(_steps(connection, steps, after, facts[-1][0], ends)))


def _steps(connection: psycopg.Connection, count: int, first: int, last: int, ends: Sequence[tuple[int, UUID]]) -> Iterator[Step]:
    """As many steps as the projector took, of equally many positions."""
    bounds = [first + (last - first) * number // count for number in range(count + 1)]
    tables = {}
    for table, column in ROWS.items():
        names = [name for (name,) in connection.execute(COLUMNS, (f"read.{table}",)).fetchall()]
        shown = sql.SQL(", ").join(sql.SQL("'queued'::text") if name == "status" else sql.Identifier(name) for name in names)
        place, at = sql.Identifier("read", table), sql.Identifier(column)
        query = sql.SQL("SELECT {} FROM {} WHERE {} > {} ORDER BY {}").format(shown, place, at, first, at)
        positions = sql.SQL("SELECT {} FROM {} WHERE {} > {} ORDER BY {}").format(at, place, at, first, at)
        tables[table] = list(zip((row[0] for row in connection.execute(positions).fetchall()), copied(connection, query), strict=True))
    for low, high in pairwise(bounds):
        rows = {table: [row for position, row in found if low < position <= high] for table, found in tables.items()}
        yield Step(rows, [stream for position, stream in ends if low < position <= high])


def copied(connection: psycopg.Connection, query: sql.Composed) -> list[bytes]:
    """The rows of *query* in COPY's binary form, one by one."""
    with connection.cursor().copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)) as copy:
        pieces = [bytes(piece) for piece in copy]
    # libpq gives a message for each row; the header comes with the first, and the end alone.
    pieces[0] = pieces[0][len(COPY_BEGIN) :]
    return [piece for piece in pieces if piece not in (b"", COPY_END)]


def write(connection: psycopg.Connection, found: Left) -> None:
    """Write all of *found* again, commit by commit; the read models' steps come between the log's as they would."""
    accounts = [account for (account,) in connection.execute("SELECT id FROM read.accounts_v1").fetchall()]
    sums = [
        sql.SQL("UPDATE {} SET {column} = {column} + 1 WHERE account_id = ANY (%s)").format(
            sql.Identifier("read", table), column=sql.Identifier(column)
        )
        for table, column in SUMS.items()
    ]
    every = max(1, len(found.batches) // len(found.steps))
    steps = iter(found.steps)
    for number, batch in enumerate(found.batches, 1):
        _write_batch(connection, batch)
        if number % every == 0 and (step := next(steps, None)) is not None:
            _write_step(connection, step, sums, accounts)
    for step in steps:
        _write_step(connection, step, sums, accounts)


def _write_batch(connection: psycopg.Connection, batch: Batch) -> None:
    if batch.started:
        # What begins and ends in one append is leased before it, too.
        _execute(connection, LEASE, batch.started)
    with connection.transaction():
        _copy(connection, sql.Identifier("journal", "events"), batch.events)
        if batch.requested:
            _execute(connection, OPEN, *map(list, zip(*batch.requested, strict=True)))
        if batch.ended:
            _execute(connection, CLOSE, batch.ended)


def _write_step(connection: psycopg.Connection, step: Step, sums: Sequence[sql.Composed], accounts: Sequence[UUID]) -> None:
    with connection.transaction():
        for table, rows in step.rows.items():
            if rows:
                _copy(connection, sql.Identifier("read", table), rows)
        if step.ended:
            _execute(connection, END, step.ended)
        for statement in sums:
            connection.execute(statement, (list(accounts),), prepare=True, binary=True)


def _copy(connection: psycopg.Connection, table: sql.Identifier, rows: Sequence[bytes]) -> None:
    with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(table)) as copy:
        copy.write(b"".join([COPY_BEGIN, *rows, COPY_END]))


def _execute(connection: psycopg.Connection, statement: str, *values: Any) -> None:
    connection.execute(statement.encode(), values, prepare=True, binary=True)


def one(connection: psycopg.Connection, query: str) -> Any:
    """The first column of the only row of *query*."""
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
