"""The recorder keeps the library's contract, and a stock application reads the log."""

import os
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, ProgrammingError, StoredEvent
from eventsourcing.postgres import PostgresDatastore
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase

from infra.journal.recorder import JournalRecorder
from tests.journal.counters import Bump, Counter, CounterBumped, Open
from tests.support.journal import JournalWorld, context


def settings(url: str) -> dict[str, str]:
    """A database URL as the library's own settings."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return {
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", "5432")),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_SCHEMA": "journal",
    }


@pytest.fixture
def datastore(fresh_database_url: str) -> Iterator[PostgresDatastore]:
    values = settings(fresh_database_url)
    with PostgresDatastore(
        dbname=values["POSTGRES_DBNAME"],
        host=values["POSTGRES_HOST"],
        port=values["POSTGRES_PORT"],
        user=values["POSTGRES_USER"],
        password=values["POSTGRES_PASSWORD"],
        schema="journal",
        pool_size=3,
        max_overflow=10,
    ) as datastore:
        yield datastore


class WithRecorder:
    """Gives the library's test cases, which are unittest classes, a recorder on a fresh database."""

    @pytest.fixture(autouse=True)
    def _datastore(self, datastore: PostgresDatastore) -> None:
        self.datastore = datastore

    def create_recorder(self) -> JournalRecorder:
        return JournalRecorder(self.datastore)


class TestContract(WithRecorder, ApplicationRecorderTestCase[JournalRecorder]):
    """The library's own test case for application recorders."""


class TestNonInterleaving(WithRecorder, NonInterleavingNotificationIDsBaseCase):
    """The library's own test case for the order of notification ids."""


def stored(stream: UUID, version: int, topic: str = "topic1") -> StoredEvent:
    return StoredEvent(stream, version, topic, b"state1")


def test_versions_with_a_hole_are_refused(datastore: PostgresDatastore) -> None:
    recorder, stream = JournalRecorder(datastore), uuid4()
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored(stream, 1), stored(stream, 3)])
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored(stream, 1), stored(stream, 1)])
    assert recorder.max_notification_id() is None


def test_facts_of_the_house_are_refused_from_strangers(datastore: PostgresDatastore) -> None:
    with pytest.raises(ProgrammingError, match="fact of the house"):
        JournalRecorder(datastore).insert_events([stored(uuid4(), 1, "credits.granted")])


class Dog(Aggregate):
    """An aggregate of somebody else's application."""

    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name
        self.tricks: list[str] = []

    @event("TrickAdded")
    def add_trick(self, trick: str) -> None:
        self.tricks.append(trick)


@pytest.fixture
def stock(fresh_database_url: str) -> Iterator[Application[UUID]]:
    environment = {
        **settings(fresh_database_url),
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "APPLICATION_RECORDER_TOPIC": "infra.journal.recorder:JournalRecorder",
        "MAPPER_TOPIC": "infra.journal.mapper:CanonicalMapper",
    }
    application: Application[UUID] = Application(env={**os.environ, **environment})
    yield application
    application.close()


async def test_a_stock_application_reads_our_log(counters: JournalWorld, stock: Application[UUID]) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    await counters.journal.execute(Bump(counter_id=counter, by=7), context())
    found: Counter = stock.repository.get(counter)
    assert found.total == 7
    notifications = stock.notification_log.select(start=1, limit=10)
    assert [notification.id for notification in notifications] == [1, 2]
    fact = stock.mapper.to_domain_event(notifications[1])
    assert isinstance(fact, CounterBumped)
    assert (fact.by, fact.originator_version) == (7, 2)


async def test_a_stock_application_shares_the_log(counters: JournalWorld, stock: Application[UUID]) -> None:
    dog = Dog(name="Rex")
    dog.add_trick("roll")
    stock.save(dog)
    receipt = await counters.journal.execute(Open(counter_id=uuid4()), context())
    assert receipt.position == 3
    assert stock.repository.get(dog.id).tricks == ["roll"]
    dog.add_trick("fetch")
    assert [recording.notification.id for recording in stock.save(dog)] == [4]
