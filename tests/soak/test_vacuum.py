"""What docs/decisions/0029-vacuum.md decided is in force, and why it was decided still holds."""

import psycopg

OPTIONS = "SELECT coalesce(reloptions, '{}') FROM pg_class WHERE oid = %s::regclass"
CONDITIONS = "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indrelid = 'dispatch.work'::regclass AND indpred IS NOT NULL"


def options(connection: psycopg.Connection, table: str) -> dict[str, str]:
    found = connection.execute(OPTIONS, (table,)).fetchone()
    assert found is not None
    return dict(option.split("=", 1) for option in found[0])


def test_the_queue_keeps_its_pages_and_leaves_no_room_on_them(database_url: str):
    with psycopg.connect(database_url) as connection:
        assert options(connection, "dispatch.work") == {
            "autovacuum_analyze_scale_factor": "0.05",
            "autovacuum_vacuum_scale_factor": "0.02",
            "vacuum_truncate": "false",
        }
        conditions = [row[0] for row in connection.execute(CONDITIONS).fetchall()]
    # A claim changes the state, so it cannot be a heap-only update: room on the pages would be for nothing.
    assert any("state = 'ready'" in condition for condition in conditions)


def test_the_log_is_frozen_by_the_thousand_and_at_once(database_url: str):
    with psycopg.connect(database_url) as connection:
        assert options(connection, "journal.events") == {
            "autovacuum_analyze_scale_factor": "0.05",
            "autovacuum_freeze_min_age": "0",
            "autovacuum_vacuum_insert_scale_factor": "0",
            "autovacuum_vacuum_insert_threshold": "50000",
        }
