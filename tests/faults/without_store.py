"""Results arrive while their store is away: for a moment, and for longer than anybody waits."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from random import Random

from tests.faults.audit import with_audit
from tests.faults.book import Book
from tests.faults.client import submit_timed
from tests.faults.fault import Form, Report
from tests.faults.load import customer, healed, report
from tests.faults.pictures import SKETCH, SKETCH_ONCE, not_kept
from tests.faults.stack import Stack

#: How many pictures, and of those that are tried once.
COUNT = {Form.SHORT: (10, 3), Form.WHOLE: (30, 5), Form.LONG: (60, 10)}
SUBMIT_SECONDS = 3.0
AWAY_SECONDS = 6.0
#: A worker waits 17.5 s for the store beside what each of its tries takes.
GIVEN_UP_SECONDS = 40.0
UNAVAILABLE = "storage_unavailable"


async def outage(
    own: Stack,
    key: str,
    chance: Random,
    form: Form,
    *,
    away: Callable[[], AbstractContextManager[object]],
    read: Callable[[str], bytes | None],
) -> Report:
    """*own* is the fault's alone. *away* takes its store away, *read* looks into it.

    In a short outage everything is tried again and succeeds; the heal time counts from its end. In a long one, what is tried once
    fails with a clear code, its hold goes back, and it costs nothing.
    """
    count, once = COUNT[form]
    token, account = await customer(own)
    submits = asyncio.create_task(submit_timed(own.url, token, count, seconds=SUBMIT_SECONDS, body=lambda: SKETCH))
    await asyncio.sleep(chance.uniform(0.5, 1.5))
    with away():
        await asyncio.sleep(AWAY_SECONDS)
    began = time.monotonic()
    ids = [each.id for each in await submits]
    await healed(own, ids, began)
    heal_seconds = time.monotonic() - began
    with away():
        given_up = [each.id for each in await submit_timed(own.url, token, once, seconds=0.5, body=lambda: SKETCH_ONCE)]
        gone = time.monotonic()
        await healed(own, given_up, gone)
        waited = time.monotonic() - gone
    made = report(own, key, account, ids + given_up, expected=count + once, heal_seconds=heal_seconds)
    wrong = list(not_kept(own.database_url, read, expected=made.succeeded))
    codes = Book(own.database_url).codes(ids + given_up)
    if made.failed != once or codes != {UNAVAILABLE}:
        wrong.append(f"{made.failed} failed with {', '.join(sorted(codes))}; {once} should, with {UNAVAILABLE}")
    if waited > GIVEN_UP_SECONDS:
        wrong.append(f"what cannot be stored was given up after {waited:.0f} s only")
    note = f"{count} pictures through {AWAY_SECONDS:.0f} s without a store; {made.failed} given up after {waited:.0f} s, {UNAVAILABLE}"
    return with_audit(replace(made, wrong=tuple(wrong), notes=(note,)), own)
