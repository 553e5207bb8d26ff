"""The port `Leases`: a thread with a connection of its own, so that leases are kept however busy the event loop is."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from domain.dispatch.ports import KeepLeases, Leases, Listener, News, WorkerCard
from domain.kernel.limits import LEASE_SECONDS

logger = logging.getLogger(__name__)

#: How soon a cancel, or a lease that another took, is noticed.
LOOK_SECONDS = 1.0
RENEW_SECONDS = LEASE_SECONDS / 4
BEAT_SECONDS = 2.0
TIMEOUT_MS = 5_000

# What others have written on the rows we hold.
LOOK = "SELECT generation_id, cancel_requested FROM dispatch.work WHERE generation_id = ANY (%(ids)s) AND lease_owner = %(owner)s"
# Rows that the append is just changing are passed over: waiting for them could close a circle, and the next turn comes soon.
RENEW = """
    UPDATE dispatch.work SET lease_until = clock_timestamp() + %(lease)s
    WHERE generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work WHERE generation_id = ANY (%(ids)s) AND lease_owner = %(owner)s FOR UPDATE SKIP LOCKED))
"""
BEAT = """
    INSERT INTO dispatch.workers (worker, host, pid, queues, slots, running)
    VALUES (%(worker)s, %(host)s, %(pid)s, %(queues)s, %(slots)s, %(running)s)
    ON CONFLICT (worker) DO UPDATE SET last_beat = clock_timestamp(), running = excluded.running
    RETURNING draining
"""
LEAVE = "DELETE FROM dispatch.workers WHERE worker = %(worker)s"


def keeper(dsn: str) -> KeepLeases:
    """Leases on the database *dsn*, for as long as the block lasts."""

    @contextmanager
    def keep(card: WorkerCard, listener: Listener) -> Iterator[Leases]:
        leases = PostgresLeases(dsn, card, listener)
        leases.start()
        try:
            yield leases
        finally:
            leases.stop()

    return keep


class PostgresLeases:
    """Implements `domain.dispatch.ports.Leases`."""

    def __init__(self, dsn: str, card: WorkerCard, listener: Listener) -> None:
        self._dsn = dsn
        self._card = card
        self._listener = listener
        #: Generation -> when it was taken, on the monotonic clock. Both threads use it; each operation is atomic.
        self._held: dict[UUID, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(TIMEOUT_MS / 1000 + 1)

    def hold(self, generation_ids: Collection[UUID]) -> None:
        now = time.monotonic()
        self._held.update((generation_id, now) for generation_id in generation_ids)

    def let_go(self, generation_id: UUID) -> None:
        self._held.pop(generation_id, None)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with _connect(self._dsn) as connection:
                    self._keep(connection)
                    connection.execute(LEAVE, {"worker": self._card.worker})
            except psycopg.Error as error:
                logger.warning("leases cannot be renewed at the moment: %s", str(error).strip())
                self._stopping.wait(LOOK_SECONDS)

    def _keep(self, connection: psycopg.Connection[Any]) -> None:
        """Until the end, or until the connection breaks."""
        turns: list[tuple[float, Callable[[psycopg.Connection[Any]], None]]] = [
            (BEAT_SECONDS, self._beat),
            (LOOK_SECONDS, self._look),
            (RENEW_SECONDS, self._renew),
        ]
        # After a reconnect everything is due at once.
        last = [0.0] * len(turns)
        while not self._stopping.wait(LOOK_SECONDS / 4):
            for number, (seconds, turn) in enumerate(turns):
                if time.monotonic() - last[number] >= seconds:
                    last[number] = time.monotonic()
                    turn(connection)

    def _beat(self, connection: psycopg.Connection[Any]) -> None:
        card = self._card
        values = {"worker": card.worker, "host": card.host, "pid": card.pid, "queues": list(card.queues), "slots": card.slots}
        row = connection.execute(BEAT, {**values, "running": len(self._held)}).fetchone()
        if row and row[0]:
            self._listener.drain()

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        ids = self._held_for(LOOK_SECONDS)
        if not ids:
            return
        rows = dict(connection.execute(LOOK, {"ids": ids, "owner": self._card.worker}).fetchall())
        for generation_id in ids:
            if generation_id not in rows:
                self._listener.news(generation_id, News.LOST)
            elif rows[generation_id]:
                self._listener.news(generation_id, News.CANCELED)

    def _renew(self, connection: psycopg.Connection[Any]) -> None:
        ids = self._held_for(RENEW_SECONDS / 2)
        if ids:
            connection.execute(RENEW, {"ids": ids, "owner": self._card.worker, "lease": timedelta(seconds=LEASE_SECONDS)})

    def _held_for(self, seconds: float) -> list[UUID]:
        """Most generations are done before anybody could have written on their rows."""
        before = time.monotonic() - seconds
        return [generation_id for generation_id, since in self._held.copy().items() if since <= before]


@contextmanager
def _connect(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    connection = psycopg.connect(
        dsn,
        autocommit=True,
        application_name="daybook leases",
        connect_timeout=3,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=TIMEOUT_MS,
    )
    try:
        connection.execute(f"SET statement_timeout = {TIMEOUT_MS}")
        yield connection
    finally:
        with suppress(psycopg.Error):  # closing a broken connection
            connection.close()
