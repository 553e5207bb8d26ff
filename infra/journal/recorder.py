"""A recorder for stock applications of the eventsourcing library, on our log and through our append.

Environment of such an application: `APPLICATION_RECORDER_TOPIC=infra.journal.recorder:JournalRecorder`,
`MAPPER_TOPIC=infra.journal.mapper:CanonicalMapper`, `POSTGRES_SCHEMA=journal`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import IntegrityError, InterfaceError, OperationalError, ProgrammingError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.utils import retry

from domain.kernel.commands import Context, Decision
from infra.journal.append import APPEND, DONE, REPEATED, Appended, Entry, Guard, Line, arguments
from infra.postgres.arrays import register

ACTOR = "eventsourcing"


class JournalRecorder(PostgresApplicationRecorder):
    """Notification ids are log positions: dense, and in commit order."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = "stored_events") -> None:
        """The table's name is ours, whatever the application is called.   Raises ProgrammingError for another schema."""
        if datastore.schema != "journal":
            raise ProgrammingError("The log lies in the schema journal: set POSTGRES_SCHEMA=journal.")
        super().__init__(datastore, events_table_name="stored_events")
        self.channel_name = "journal"

    def create_table(self) -> None:
        """Nothing to do: tables come from the migrations."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """One command with these events. Returns their positions.   Raises IntegrityError when a version is taken."""
        if not stored_events:
            return None
        if kwargs.get("tracking"):
            raise ProgrammingError("This recorder keeps no tracking: followers of the log keep their position themselves.")
        first = self._append(command_of(stored_events))
        return list(range(first, first + len(stored_events)))

    # Sending again after a lost answer is safe: the command id makes the second send a repeat of the first.
    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def _append(self, parameters: dict[str, Any]) -> int:
        with self.datastore.get_connection() as connection, connection.cursor(binary=True) as cursor:
            register(cursor)
            cursor.execute(APPEND, parameters, prepare=True)
            row = cursor.fetchone()
            assert row is not None
            appended = Appended(*row.values())
        outcome = appended.outcomes[0] if appended.outcomes else DONE
        if outcome == DONE:
            return appended.first_position
        if outcome == REPEATED and appended.details and appended.details[0]:
            return appended.details[0]
        raise IntegrityError("The stream has moved on: one of these versions is in the log already.")


def command_of(stored_events: Sequence[StoredEvent]) -> dict[str, Any]:
    """The arguments of one command with these events, decided on the versions before them."""
    guards: dict[UUID, Guard] = {}
    versions: dict[UUID, int] = {}
    for event in stored_events:
        if ":" not in event.topic and "." in event.topic:
            raise ProgrammingError(f"{event.topic} is a fact of the house: only its own writer appends those, with their postings.")
        stream = _stream(event)
        guards.setdefault(stream, Guard(stream, event.originator_version - 1, 0))
        if event.originator_version != versions.get(stream, event.originator_version - 1) + 1:
            raise IntegrityError(f"The versions of {stream} are not consecutive.")
        versions[stream] = event.originator_version
    lines = [Line(_stream(event), event.originator_version, event.topic, event.state, None) for event in stored_events]
    context = Context(actor=ACTOR, now=datetime.now(UTC), command_id=uuid4())
    return arguments([Entry(context, Decision(account_id=None), list(guards.values()), lines)])


def _stream(event: StoredEvent) -> UUID:
    if not isinstance(event.originator_id, UUID):
        raise ProgrammingError("A stream's id is a UUID.")
    return event.originator_id
