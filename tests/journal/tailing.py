"""Eight writers that dawdle between numbering and COMMIT, give up, and are killed; four readers that follow the log.

The same stand runs on our append and on the library's, so that the test is known to find what it looks for.
"""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

import psycopg

WRITERS = 8
READERS = 4
DAWDLE_SECONDS_MAX = 0.004


class GaveUp(Exception):
    """The writer rolled back."""


@dataclass
class Stand:
    """`number(connection, count)` numbers *count* events in the open transaction; `table` and `column` are what readers follow."""

    dsn: str
    number: Callable[[psycopg.Connection, int], None]
    table: str
    column: str
    done: Event = field(default_factory=Event)

    def run(self, events: int) -> tuple[list[int], list[list[int]]]:
        """Write at least *events*. Returns what is committed, and what each reader saw."""
        with ThreadPoolExecutor(WRITERS + READERS) as threads:
            readers = [threads.submit(self._read) for _ in range(READERS)]
            writers = [threads.submit(self._write, events // WRITERS, random.Random(seed)) for seed in range(WRITERS)]
            try:
                for writer in writers:
                    writer.result()
            finally:
                self.done.set()
            seen = [reader.result() for reader in readers]
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            rows = connection.execute(f"SELECT {self.column} FROM {self.table} ORDER BY 1".encode()).fetchall()
        return [row[0] for row in rows], seen

    def _write(self, events: int, dice: random.Random) -> None:
        while events > 0:
            count = dice.randint(1, 20)
            # Whoever is killed or gives up tries again; the others must not notice.
            with self._accidents(), psycopg.connect(self.dsn) as connection:
                while events > 0 and not connection.closed:
                    self._write_once(connection, count, dice)
                    events -= 0 if connection.closed else count

    def _write_once(self, connection: psycopg.Connection, count: int, dice: random.Random) -> None:
        with connection.transaction():
            self.number(connection, count)
            time.sleep(dice.random() * DAWDLE_SECONDS_MAX)
            fate = dice.random()
            if fate < 0.03:
                raise GaveUp
            if fate < 0.05:
                connection.pgconn.finish()
            elif fate < 0.07:
                connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    @contextmanager
    def _accidents(self) -> Iterator[None]:
        try:
            yield
        except (GaveUp, psycopg.OperationalError):
            return

    def _read(self) -> list[int]:
        query = f"SELECT {self.column} FROM {self.table} WHERE {self.column} > %s ORDER BY 1 LIMIT 100".encode()
        seen: list[int] = []
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            while True:
                ended = self.done.is_set()
                rows = connection.execute(query, (seen[-1] if seen else 0,)).fetchall()
                seen += [row[0] for row in rows]
                if ended and not rows:
                    return seen
                time.sleep(0.0005)
