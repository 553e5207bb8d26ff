"""The eventsourcing library as it comes, on PostgreSQL.

usage: stock_eventsourcing.py append DSN COMMANDS THREADS | stock_eventsourcing.py project DSN EVENTS
`append`: Application.save of two-event commands a second. `project`: events a second through its ProjectionRunner.
"""

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg.conninfo
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner


class Request(Aggregate):
    @event("Requested")
    def __init__(self, account_id: UUID, prompt: str) -> None:
        self.account_id = account_id
        self.prompt = prompt

    @event("Held")
    def hold(self, amount: int) -> None:
        self.held = amount


class Shop(Application):
    pass


def environment(dsn: str) -> dict[str, str]:
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", "5432")),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_POOL_SIZE": "64",
    }


def one(app: Shop) -> None:
    request = Request(account_id=uuid4(), prompt="a lighthouse at dusk")
    request.hold(5)
    app.save(request)


def append(dsn: str, commands: int, threads: int) -> dict:
    app = Shop(env=environment(dsn))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: one(app), range(threads)))
        began = time.perf_counter()
        list(pool.map(lambda _: one(app), range(commands)))
        rate = commands / (time.perf_counter() - began)
    app.close()
    return {"per_second": rate}


class Sums(PostgresTrackingRecorder):
    """One row an account, written in the transaction of its tracking: the library's own pattern."""

    def __init__(self, datastore, **kwargs) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            psycopg.sql.SQL("CREATE TABLE IF NOT EXISTS peer_sums (account text PRIMARY KEY, held bigint NOT NULL)")
        )

    def add(self, account: str, amount: int, tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "INSERT INTO peer_sums VALUES (%s, %s) ON CONFLICT (account) DO UPDATE SET held = peer_sums.held + excluded.held",
                (account, amount),
            )
            self._insert_tracking(cursor, tracking)


class Totals(Projection[Sums]):
    name = "totals"

    def process_event(self, domain_event, tracking) -> None:
        self.view.add(str(domain_event.originator_id)[-2:], getattr(domain_event, "amount", 0), tracking)
        if tracking.notification_id >= Totals.until:
            Totals.reached.set()

    until = 0
    reached = threading.Event()


def project(dsn: str, events: int) -> dict:
    app = Shop(env=environment(dsn))
    for _ in range(events // 2):
        one(app)
    Totals.until = app.recorder.max_notification_id() or 0
    app.close()
    began = time.perf_counter()
    with ProjectionRunner(application_class=Shop, projection_class=Totals, view_class=Sums, env=environment(dsn)):
        if not Totals.reached.wait(300):
            raise SystemExit("the stock runner did not finish in 300 s")
        rate = events / (time.perf_counter() - began)
    return {"per_second": rate}


if __name__ == "__main__":
    if sys.argv[1] == "append":
        print(json.dumps(append(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        print(json.dumps(project(sys.argv[2], int(sys.argv[3]))))
