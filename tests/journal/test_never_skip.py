"""A reader that has seen position n has seen everything before it, whatever the writers do."""

from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from infra.journal.append import APPEND, Appended
from infra.journal.recorder import command_of
from infra.postgres.arrays import register
from tests.journal.tailing import Stand
from tests.journal.test_recorder import settings


def new_stream(count: int) -> list[StoredEvent]:
    stream = uuid4()
    return [StoredEvent(stream, version, "topic", b"state") for version in range(1, count + 1)]


def append(connection: psycopg.Connection, count: int) -> None:
    register(connection)
    with connection.cursor(binary=True) as cursor:
        row = cursor.execute(APPEND, command_of(new_stream(count))).fetchone()
    assert row is not None
    assert Appended(*row).outcomes is None


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("events", [10_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_tailing_readers_see_every_event_once_and_in_order(fresh_database_url: str, events: int) -> None:
    committed, seen = Stand(fresh_database_url, append, "journal.events", "position").run(events)
    assert len(committed) >= events
    assert committed == list(range(1, len(committed) + 1))
    assert [positions == committed for positions in seen] == [True] * 4


@pytest.mark.timeout(600)
def test_the_same_readers_miss_events_of_the_librarys_function_mode(empty_database_url: str) -> None:
    values = settings(empty_database_url)
    with PostgresDatastore(
        dbname=values["POSTGRES_DBNAME"],
        host=values["POSTGRES_HOST"],
        port=values["POSTGRES_PORT"],
        user=values["POSTGRES_USER"],
        password=values["POSTGRES_PASSWORD"],
        enable_db_functions=True,
    ) as datastore:
        recorder = PostgresApplicationRecorder(datastore)
        recorder.create_table()
        (info,) = datastore.psycopg_type_adapters.values()

        def stock(connection: psycopg.Connection, count: int) -> None:
            psycopg.types.composite.register_composite(info, connection)
            events = [
                recorder.construct_pg_stored_event(e.originator_id, e.originator_version, e.topic, e.state) for e in new_stream(count)
            ]
            connection.execute(recorder.sql_invoke_pg_function_insert_events, (events,))

        committed, seen = Stand(empty_database_url, stock, "public.stored_events", "notification_id").run(2_000)
    missed = [set(committed) - set(positions) for positions in seen]
    assert any(missed)
