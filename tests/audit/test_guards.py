"""Every table of the database is checked by verify, or says what guards it; and nothing is in the lists that is not there."""

from projections.audit.entries import Entry
from projections.audit.guards import CHECKED_BUT_FOR, OPERATIONAL, READ_MODEL_TABLES
from projections.read_models import READ_MODELS
from tests.support.journal import execute_sql

COLUMNS = """
    SELECT table_schema || '.' || table_name, array_agg(column_name::text ORDER BY ordinal_position)
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE' GROUP BY 1
"""


def test_every_table_is_checked_or_says_what_guards_it(database_url: str):
    tables = dict(execute_sql(database_url, COLUMNS))
    assert tables.keys() - CHECKED_BUT_FOR.keys() == OPERATIONAL.keys()
    assert CHECKED_BUT_FOR.keys() <= tables.keys()
    assert {
        table: set(columns) - set(tables[table]) for table, columns in CHECKED_BUT_FOR.items() if set(columns) - set(tables[table])
    } == {}
    assert all(len(guard) > 20 for guard in OPERATIONAL.values())


def test_the_tables_of_every_read_model_are_recomputed_with_all_their_columns():
    assert {f"read.{table}" for model in READ_MODELS.values() for table in model.tables} == READ_MODEL_TABLES
    assert {table: CHECKED_BUT_FOR[table] for table in READ_MODEL_TABLES if CHECKED_BUT_FOR[table]} == {}


def test_a_leaf_holds_every_column_of_the_log_in_order(database_url: str):
    """A column that is added to the log is read, hashed, and so guarded, or this fails."""
    assert list(Entry._fields) == dict(execute_sql(database_url, COLUMNS))["journal.events"]
