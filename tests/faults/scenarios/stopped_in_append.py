"""Processes stand still at any moment, also in the middle of an append on an account that others write: these go on."""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median
from uuid import UUID, uuid4

import psycopg

from tests.faults.callers import AGAIN, PAUSE_SECONDS, insist, one_try, post, submit
from tests.faults.client import BODY, submit_all
from tests.faults.doors import Doors, doors
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import customer, healed, report
from tests.faults.stack import Stack

STOPS = {Form.SHORT: 3, Form.WHOLE: 20, Form.LONG: 200}
STOPPED_SECONDS = 0.8
#: Between two stops; as long a while without one is measured, too.
MOMENT_SECONDS_MAX = 0.05
#: Beyond the usual time between two commits, which is what a busy machine makes it.
WAIT_SECONDS_MAX = 0.3
#: Of the stops: a busy machine stands still by itself.
SPARED_SHARE = 0.1
CHURNERS = 6
COMMITS = """
    SELECT DISTINCT extract(epoch FROM recorded_at)::float8 AS at FROM journal.events
    WHERE recorded_at BETWEEN to_timestamp(%(begin)s) AND to_timestamp(%(end)s) ORDER BY at
"""


async def run(running: Stack, chance: Random, form: Form) -> Report:
    token, account = await customer(running)
    count = int(STOPS[form] * 2 * STOPPED_SECONDS * 10)
    with doors(running, 1) as other, running.another("worker"):
        stop = asyncio.Event()
        ports = [running.port, other.port]
        churning = [asyncio.create_task(churn(stop, ports[number % 2], token)) for number in range(2 * CHURNERS)]
        submits = asyncio.create_task(submit_all(running.url, token, count, seconds=count / 10))
        await asyncio.sleep(1)
        stops, calm = await stop_often(running, other, chance, STOPS[form])
        stop.set()
        churned = [each for ids in await asyncio.gather(*churning) for each in ids]
        accepted = await submits
    await healed(running, accepted + churned, time.monotonic())
    stopped, undisturbed = gaps(running, stops), gaps(running, calm)
    return report(
        running,
        "stopped-in-append",
        account,
        accepted + churned,
        expected=count + len(churned),
        heal_seconds=max(stopped),
        wrong=tuple(complaints(stopped, undisturbed)),
        notes=(
            f"longest gap between commits while one stood still: p50 {median(stopped) * 1000:.0f} ms, max {max(stopped) * 1000:.0f} ms; "
            f"without: p50 {median(undisturbed) * 1000:.0f} ms, max {max(undisturbed) * 1000:.0f} ms",
        ),
    )


async def churn(stop: asyncio.Event, port: int, token: str) -> list[UUID]:
    """Asks for what would run in an hour and calls it off, again and again: holds and releases on one account, and no work."""
    made: list[UUID] = []
    while not stop.is_set():
        later = {**BODY, "run_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        told = await insist(lambda _: port, submit(token, str(uuid4()), later))
        made.append(told.id)
        while (answer := await one_try(port, post(token, f"/v1/generations/{told.id}/cancel", str(uuid4())))) is None or answer[0] in AGAIN:
            await asyncio.sleep(PAUSE_SECONDS)
        assert answer[0] in (200, 202), answer
    return made


Span = tuple[float, float]


async def stop_often(running: Stack, other: Doors, chance: Random, times: int) -> tuple[list[Span], list[Span]]:
    """When somebody stood still, and as many whiles when nobody did."""
    victims: list[Callable[[signal.Signals], None]] = [
        lambda number: running.signal("api", number),
        other.signal,
        lambda number: running.signal("worker", number),
        lambda number: running.signal("scheduler", number),
    ]
    stops, calm = [], []
    for _ in range(times):
        await asyncio.sleep(chance.uniform(0, MOMENT_SECONDS_MAX))
        # Mostly those that write most.
        victim = chance.choices(victims, weights=(4, 4, 3, 1))[0]
        began = time.time()
        victim(signal.SIGSTOP)
        try:
            await asyncio.sleep(STOPPED_SECONDS)
        finally:
            victim(signal.SIGCONT)
        stops.append((began, began + STOPPED_SECONDS))
        await asyncio.sleep(chance.uniform(0, MOMENT_SECONDS_MAX))
        began = time.time()
        await asyncio.sleep(STOPPED_SECONDS)
        calm.append((began, began + STOPPED_SECONDS))
    return stops, calm


def gaps(running: Stack, spans: Sequence[Span]) -> list[float]:
    """The longest time without a commit within each span."""
    with psycopg.connect(running.database_url) as connection:
        found = []
        for begin, end in spans:
            commits = [row[0] for row in connection.execute(COMMITS, {"begin": begin, "end": end}).fetchall()]
            found.append(max(later - earlier for earlier, later in pairwise([begin, *commits, end])))
        return found


def complaints(stopped: Sequence[float], undisturbed: Sequence[float]) -> list[str]:
    most = WAIT_SECONDS_MAX + median(undisturbed)
    late, usual = (sum(gap > most for gap in found) for found in (stopped, undisturbed))
    if late <= usual + SPARED_SHARE * len(stopped):
        return []
    return [f"in {late} of {len(stopped)} stops nobody else wrote for {most:.2f} s, without a stop {usual} times"]


STOPPED_IN_APPEND = Fault(
    key="stopped-in-append",
    breaks="A process stands still at a random moment, often in the middle of an append; the time is the longest without anybody's commit.",
    heals_within=None,
    short=False,
    run=run,
)
