"""The object store, on S3, is down or slow while results arrive."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

from tests.faults.audit import with_audit
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import under_load
from tests.faults.pictures import PICTURES, SKETCH, not_kept
from tests.faults.stack import Stack
from tests.faults.without_store import COUNT, SUBMIT_SECONDS, outage
from tests.support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

BUCKET = "daybook"
SLOW_SECONDS = 6.0


@contextmanager
def on_s3(running: Stack) -> Iterator[tuple[S3Server, Stack]]:
    with S3Server() as server:
        settings = {"S3_ENDPOINT": server.url, "S3_ACCESS_KEY": ACCESS_KEY, "S3_SECRET_KEY": SECRET_KEY, "S3_BUCKET": BUCKET}
        with running.fresh(catalogue=PICTURES, **settings) as own:
            yield server, own


def bytes_in(server: S3Server, key: str) -> bytes | None:
    found = server.buckets[BUCKET].get(key)
    return found.data if found else None


@contextmanager
def failing(server: S3Server) -> Iterator[None]:
    server.failing = 503
    try:
        yield
    finally:
        server.failing = None


async def down(running: Stack, chance: Random, form: Form) -> Report:
    with on_s3(running) as (server, own):
        return await outage(own, "objects-down", chance, form, away=lambda: failing(server), read=lambda key: bytes_in(server, key))


async def slow(running: Stack, chance: Random, form: Form) -> Report:
    with on_s3(running) as (server, own):

        async def slowly() -> None:
            server.slow = lambda: chance.uniform(0.3, 2.0)
            await asyncio.sleep(SLOW_SECONDS)
            server.slow = lambda: 0.0

        report = await under_load(own, "objects-slow", slowly, count=COUNT[form][0], seconds=SUBMIT_SECONDS, body=lambda: SKETCH)
        wrong = not_kept(own.database_url, lambda key: bytes_in(server, key), expected=report.succeeded)
        again = (f"{report.failed} failed, {report.again} were begun again",) if report.failed or report.again else ()
        return with_audit(replace(report, wrong=wrong + again), own)


OBJECTS_DOWN = Fault(
    key="objects-down",
    breaks="S3 answers 503 while results arrive: for six seconds, from whose end counts, and for longer than anybody waits.",
    heals_within=35,
    short=False,
    run=down,
)
OBJECTS_SLOW = Fault(
    key="objects-slow",
    breaks="S3 takes up to two seconds for each answer while results arrive; counts from when it is quick again.",
    heals_within=35,
    short=False,
    run=slow,
)
