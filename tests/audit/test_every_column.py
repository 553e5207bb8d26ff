"""`audit verify` finds and names what was changed by SQL: in any column of any read model, and in the log."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from projections.read_models import READ_MODELS
from tests.support.busy_histories import BusyHistory
from tests.support.forging import Forger, forger
from tests.support.logged_book import LoggedBook
from tests.support.mutations import KEYS
from tests.support.projecting import Library

TABLES = sorted(table for model in READ_MODELS.values() for table in model.tables)
COLUMNS = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'read' AND table_name = %s ORDER BY 1"
TOO_MANY = "a row that follows from nothing in the log"


#: Field -> the fact in which it is changed.
STATES = {
    "amount": "credits.granted",
    "charged": "credits.hold_captured",
    "code": "generations.failed",
    "expires_at": "credits.granted",
    "grant_id": "credits.held",
    "kind": "generations.requested",
    "object_key": "assets.stored",
    "parts": "credits.held",
    "paid_by": "generations.succeeded",
    "quoted": "generations.requested",
    "refund_id": "generations.charge_refunded",
    "returned": "credits.hold_captured",
    "roles": "accounts.roles_changed",
    "sealed": "generations.requested",
    "sealed_profile": "accounts.profile_changed",
    "timestamp": "generations.started",
    "token_id": "accounts.api_token_issued",
}
#: Fact that no amount follows from -> another topic for it.
SILENT = {
    "accounts.password_reset_issued": "accounts.novelty",
    "accounts.suspended": "accounts.roles_changed",
    "credits.resumed": "credits.suspended",
    "credits.suspended": "credits.resumed",
}
#: What an order or a subscription says of money and credits, and the ledger beside it.
STORIES = (
    ("credits.debt_incurred", "amount"),
    ("orders.paid", "amount"),
    ("orders.paid", "credits"),
    ("orders.paid", "revoked"),
    ("orders.reversed", "taken"),
    ("subscriptions.period_paid", "currency"),
    ("subscriptions.period_paid", "grant_id"),
    ("subscriptions.period_paid", "period_end"),
)
STEPS = 500
#: Facts that the forgeries below look for.
WANTED = frozenset({*STATES.values(), *SILENT, *(topic for topic, _ in STORIES), "assets.deleted", "credits.grant_expired"})


def seed_with(wanted: frozenset[str], steps: int) -> int:
    """The first seed whose history has every one of the facts *wanted*."""
    for seed in range(100):
        rows = BusyHistory(seed).run(steps).book.rows
        if wanted <= {row["topic"] for row in rows}:
            return seed
    raise AssertionError(f"no history of {steps} steps has all of {sorted(wanted)}")


@pytest.fixture(scope="module")
def book(database_url: str) -> LoggedBook:
    """One history for all forgeries, which reaches every kind of fact."""

    async def write() -> LoggedBook:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
            library = Library(database_url, conn)
            library.busy_history(seed_with(WANTED, STEPS), STEPS)
            await library.project()
            return library.book

    written = asyncio.run(write())
    with forger(database_url) as owner:
        owner.lift_checks()
    return written


@pytest.fixture
def owner(database_url: str, book: LoggedBook) -> Iterator[Forger]:
    with forger(database_url) as owner:
        yield owner


def test_a_column_without_recomputation_is_a_difference(owner: Forger):
    report = owner.after("ALTER TABLE read.assets_v2 ADD COLUMN colour text")
    assert report.first_difference and report.first_difference.what == "column colour has no recomputation"


def test_every_column_of_every_read_model_is_compared(owner: Forger):
    """A row chosen at random, each column changed in turn: the report names table, row and column."""
    dice = random.Random(1)
    mutations = 0
    for table in TABLES:
        keys = owner.rows(f"SELECT ctid FROM read.{table} ORDER BY 1")
        for column, kind in owner.rows(COLUMNS, table):
            change = changed(column, kind)
            report = owner.after(f"UPDATE read.{table} SET {column} = {change} WHERE ctid = %s", dice.choice(keys)[0])
            mutations += 1
            assert not report.ok, f"{table}.{column} was changed and not found"
            difference = report.first_difference
            assert difference and difference.where == f"read.{table}" and difference.row
            named = difference.what in (f"column {column}", "the row is missing") or difference.what == TOO_MANY
            assert named or "beyond" in difference.what, str(difference)
    assert mutations > 90


def changed(column: str, kind: str) -> str:
    """SQL for another value of the same type."""
    return {
        "ARRAY": f"array_append({column}, NULL)",
        "bigint": f"{column} + 1",
        "boolean": f"NOT {column}",
        "date": f"{column} + 1000",
        "integer": f"coalesce({column}, 0) + 1",
        "jsonb": f"CASE WHEN jsonb_typeof({column}) = 'array' THEN {column} || '[1]' ELSE coalesce({column}, '{{}}') || '{{\"x\": 1}}' END",
        "text": f"coalesce({column}, '') || 'x'",
        "timestamp with time zone": f"coalesce({column} + interval '1 microsecond', now())",
        "uuid": f"coalesce(md5({column}::text)::uuid, gen_random_uuid())",
    }[kind]


@pytest.mark.parametrize("table", TABLES)
def test_a_row_taken_away_and_a_row_too_many_are_found(owner: Forger, table: str):
    report = owner.after(f"DELETE FROM read.{table} WHERE ctid = (SELECT max(ctid) FROM read.{table})")
    difference = report.first_difference
    assert difference and (difference.where, difference.what) == (f"read.{table}", "the row is missing")
    key = next(name for name in reversed(KEYS[f"read.{table}"]) if name in ("account_id", "id", "position"))
    columns = [name for name, _ in owner.rows(COLUMNS, table)]
    ids = ("gen_random_uuid()", f"'{UUID(int=0)}'", f"'{UUID(int=2**128 - 1)}'")
    for other in ("-1", "0", "2000000000") if key == "position" else ids:
        values = ", ".join(other if name == key else name for name in columns)
        report = owner.after(f"INSERT INTO read.{table} ({', '.join(columns)}) SELECT {values} FROM read.{table} LIMIT 1")
        difference = report.first_difference
        assert difference and difference.where == f"read.{table}"
        assert difference.what in (TOO_MANY, "an entry beyond what the model has seen")


LOG = {
    "account_id": "gen_random_uuid()",
    "available": "available + 1",
    "book": "book || 'x'",
    "causation": "position",
    "command_id": "gen_random_uuid()",
    "first": "NOT first",
    "held": "held + 1",
    "outside": "outside + 1",
    "owed": "owed + 1",
    "position": "position + 1000000",
    "recorded_at": "recorded_at - interval '10 days'",
    "result": "'{}'",
    "stream": "gen_random_uuid()",
    "topic": "CASE topic WHEN 'generations.failed' THEN 'generations.canceled' ELSE 'generations.failed' END",
    "version": "version + 100",
}
#: Where a change of the column says something: postings of ledger facts, commands of more than one event.
CONDITIONS = {
    **dict.fromkeys(("available", "book", "held", "outside", "owed"), "book IS NOT NULL"),
    "command_id": "NOT first",
    "result": "NOT first",
}


@pytest.mark.parametrize("column", LOG)
def test_a_change_of_the_logs_columns_is_found_and_named(owner: Forger, column: str):
    dice = random.Random(column)
    condition = CONDITIONS.get(column, "true")
    positions = [row[0] for row in owner.rows(f"SELECT position FROM journal.events WHERE {condition} AND position > 20 ORDER BY 1")]
    for _ in range(3):
        position = dice.choice(positions)
        report = owner.after(f"UPDATE journal.events SET {column} = {LOG[column]} WHERE position = %s", position)
        assert not report.ok, f"{column} at {position} was changed and not found"
        assert report.first_difference and (report.first_difference.position or report.first_difference.row)


REPLACED = ("roles", "sealed_profile")


@pytest.mark.parametrize("field", STATES)
def test_a_change_inside_a_fact_is_found(owner: Forger, field: str, book: LoggedBook):
    """In canonical form, so that only what it says can give it away."""
    dice = random.Random(field)
    rows = [row for row in book.rows if row["topic"] == STATES[field] and field.encode() in row["state"]]
    if not rows:
        rows = [row for row in book.rows if f'"{field}"'.encode() in row["state"]]
    # What a later fact has replaced has no witness but the sealed log.
    rows = rows[-1:] if field in REPLACED else dice.sample(rows, min(2, len(rows)))
    for row in rows:
        state = msgspec.json.decode(row["state"])
        state[field] = other(state[field])
        forged = msgspec.json.encode(state, order="sorted")
        report = owner.after("UPDATE journal.events SET state = %s WHERE position = %s", forged, row["position"])
        assert not report.ok, f"{field} of {row['topic']} at {row['position']} was changed and not found"


@pytest.mark.parametrize(("topic", "field"), STORIES)
def test_what_is_said_of_a_payment_is_what_the_ledger_did(owner: Forger, book: LoggedBook, topic: str, field: str):
    row = random.Random(field).choice([row for row in book.rows if row["topic"] == topic])
    state = msgspec.json.decode(row["state"])
    forged = msgspec.json.encode({**state, field: other(state[field])}, order="sorted")
    report = owner.after("UPDATE journal.events SET state = %s WHERE position = %s", forged, row["position"])
    assert report.first_difference and report.first_difference.where == "log"


def other(value: Any) -> Any:
    if value is None:
        return "2030-01-01T00:00:00.000000Z"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return value[1:] if value else [["00000000-0000-0000-0000-000000000000", 1]]
    if value[:2] == "20" and value.endswith("Z"):
        return "2020" + value[4:]
    return value[:-1] + ("0" if value[-1] != "0" else "1")


@pytest.mark.parametrize(
    ("forged", "what"),
    [
        (b'{"timestamp": "2026-03-01T12:00:00.000000Z"}', "canonical"),
        (b'{"b":1,"a":2,"timestamp":"2026-03-01T12:00:00.000000Z"}', "canonical"),
        (b'{"a":1,"a":1,"timestamp":"2026-03-01T12:00:00.000000Z"}', "canonical"),
        (b'{"amount":1.5,"timestamp":"2026-03-01T12:00:00.000000Z"}', "whole number"),
        (b'{"timestamp":"2026-03-01T12:00:00Z"}', "timestamp"),
        (b"[]", "no object"),
        (b"\xff", "cannot be read"),
    ],
)
def test_bytes_that_are_not_canonical_are_found(owner: Forger, forged: bytes, what: str):
    report = owner.after("UPDATE journal.events SET state = %s WHERE position = 30", forged)
    assert report.first_difference and report.first_difference.position == 30
    assert what in str(report.first_difference)


@pytest.mark.parametrize("topic", SILENT)
def test_facts_that_no_amount_follows_from_cannot_be_renamed(owner: Forger, topic: str):
    (row,) = owner.rows("SELECT max(position) FROM journal.events WHERE topic = %s", topic)
    report = owner.after("UPDATE journal.events SET topic = %s WHERE position = %s", SILENT[topic], row[0])
    assert report.first_difference and report.first_difference.position == row[0]


def test_an_event_taken_out_and_one_put_in_are_found(owner: Forger, book: LoggedBook):
    report = owner.after("DELETE FROM journal.events WHERE position = 50")
    assert str(report.first_difference).startswith("log, position 51") and "a position is missing" in str(report.first_difference)
    head = len(book.rows)
    columns = "stream, topic, recorded_at, actor, account_id, correlation, available, held, owed, outside, book, state"
    copied = f"""
        INSERT INTO journal.events (position, version, command_id, first, {columns})
        SELECT {head + 1}, (SELECT max(version) + 1 FROM journal.events o WHERE o.stream = e.stream), gen_random_uuid(), true, {columns}
        FROM journal.events e
        WHERE topic = 'credits.granted' ORDER BY position DESC LIMIT 1
    """
    report = owner.after(copied)
    assert not report.ok and report.first_difference and report.first_difference.position == head + 1
