"""What stays of a generation: bytes in PostgreSQL by schema, and rows. Once with a provider that makes nothing, once with a picture.

Measured as growth of tables and indexes between two moments at which everything has settled, so what an empty installation
takes, and its accounts, do not count.
"""

import time
from pathlib import Path

import psycopg

from projections.read_models import READ_MODELS
from tests.bench.measure import Round, Row
from tests.bench.rows.end_to_end import settle
from tests.bench.rows.submit import BODY, expect_accepted, submit_plan
from tests.bench.stand import Stand, free_port, load

CONNECTIONS = 16
WARM_UP = 400
GENERATIONS = 3_000
PICTURES = 100
SECONDS_MAX = 60

# Tables with their indexes and what is stored out of line; partitions count for themselves.
BYTES = """
    SELECT n.nspname, sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN ('journal', 'read', 'proofs') GROUP BY 1
"""
COMMANDS = "SELECT count(*) FROM journal.events WHERE first"
EVENTS = "SELECT count(*) FROM journal.events"
ASSETS = f"SELECT count(*) FROM read.{READ_MODELS['assets'].tables[0]}"
SIGNED = "SELECT coalesce(max(size), 0) FROM proofs.checkpoints"


def measure(stand: Stand) -> Round:
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api", "worker --concurrency 16", "dispatcher", "notary", "projector", port=port):
            tokens = stand.tokens(dsn, port, CONNECTIONS)
            plan = submit_plan(port, tokens, connections=CONNECTIONS, seconds=SECONDS_MAX)
            expect_accepted(load({**plan, "requests": WARM_UP}))
            settle(dsn, WARM_UP)
            empty = taken(dsn, stand.folder)
            expect_accepted(load({**plan, "requests": GENERATIONS}))
            settle(dsn, WARM_UP + GENERATIONS)
            full = taken(dsn, stand.folder)
            expect_accepted(load({**plan, "requests": PICTURES, "body": {**BODY, "model": "bench/picture"}}))
            settle(dsn, WARM_UP + GENERATIONS + PICTURES)
            pictured = taken(dsn, stand.folder)
    finally:
        stand.drop(dsn)
    grown = {name: full[name] - empty[name] for name in full}
    return {
        "commands": grown["commands"] / GENERATIONS,
        "events": grown["events"] / GENERATIONS,
        "bytes of an event": grown["journal"] / grown["events"],
        "log": grown["journal"] / GENERATIONS,
        "read models": grown["read"] / GENERATIONS,
        "proofs": grown["proofs"] / GENERATIONS,
        "rows of assets with a picture": (pictured["assets"] - full["assets"]) / PICTURES,
        "objects with a picture": (pictured["objects"] - full["objects"]) / PICTURES,
        "bytes of objects with a picture": (pictured["object bytes"] - full["object bytes"]) / PICTURES,
    }


def taken(dsn: str, folder: Path) -> dict[str, int]:
    """What there is now, once the notary has signed everything."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        until = time.monotonic() + SECONDS_MAX
        while number(connection, SIGNED) < number(connection, EVENTS):
            if time.monotonic() > until:
                raise RuntimeError("the notary did not sign everything in time")
            time.sleep(0.1)
        schemas = {str(row[0]): int(row[1]) for row in connection.execute(BYTES)}
        files = [path for path in (folder / "objects" / "objects" / "assets").rglob("*") if path.is_file()]
        return {
            **schemas,
            "commands": number(connection, COMMANDS),
            "events": number(connection, EVENTS),
            "assets": number(connection, ASSETS),
            "objects": len(files),
            "object bytes": sum(path.stat().st_size for path in files),
        }


def number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


ROW = Row(
    key="sizes",
    name="what stays of one generation",
    beside="api, worker, dispatcher, notary, projector, PostgreSQL, Redis, load generator",
    measure=measure,
    units={
        "commands": "commands",
        "events": "events",
        "bytes of an event": "bytes",
        "log": "bytes",
        "read models": "bytes",
        "proofs": "bytes",
        "rows of assets with a picture": "rows",
        "objects with a picture": "objects",
        "bytes of objects with a picture": "bytes",
    },
    rounds_most=1,
)
