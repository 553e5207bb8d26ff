"""Clocks jump: those of the processes away from the database's, and all of a machine together."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import psycopg

from tests.faults.audit import with_audit
from tests.faults.client import REPEATABLE
from tests.faults.clocks import clock_in, engines_by, no_clock
from tests.faults.connected import moment
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import under_load
from tests.faults.stack import Stack, stack

#: More than the five seconds that are allowed, less than a token lives.
APART_SECONDS = 60.0
#: More than a lease, less than anybody's deadline.
JUMP_SECONDS = 45.0
RATE = 25
#: Among what may be sent again: a token that was made later than it is now is none.
REFUSED = (*REPEATABLE, 401)
JUMPS = {Form.SHORT: 1, Form.WHOLE: 1, Form.LONG: 3}
STAY_SECONDS = 3.0
#: What was decided before may still be on its way.
UNDER_WAY_SECONDS = 0.5
DECIDED = "SELECT count(*) FROM journal.events WHERE recorded_at BETWEEN %s::timestamptz AND %s::timestamptz"


async def apart(running: Stack, chance: Random, form: Form) -> Report:
    windows: list[tuple[str, str]] = []
    with clock_in(running) as clock, running.fresh(**clock.environment) as own:

        async def disagree() -> None:
            for ahead in (APART_SECONDS, -APART_SECONDS) * JUMPS[form]:
                clock.put(ahead)
                await asyncio.sleep(UNDER_WAY_SECONDS)
                begin = moment(own)
                await asyncio.sleep(STAY_SECONDS)
                windows.append((begin, moment(own)))
                clock.put(0)
                await asyncio.sleep(chance.uniform(0.5, 1.5))

        seconds = JUMPS[form] * 10.0
        report = await under_load(own, "clocks-apart", disagree, count=round(RATE * seconds), seconds=seconds, repeatable=REFUSED)
        with psycopg.connect(own.database_url) as connection:
            decided = sum(connection.execute(DECIDED, window).fetchall()[0][0] for window in windows)
        wrong = (f"{decided} events were recorded while the clocks were apart",) if decided else ()
        return with_audit(replace(report, wrong=wrong), own)


async def jump(running: Stack, chance: Random, form: Form) -> Report:
    wrong: list[str] = []
    with ExitStack() as opened:
        clock = opened.enter_context(clock_in(running))
        engines = opened.enter_context(engines_by(clock, clock.folder / "engines"))
        own = opened.enter_context(stack(clock.folder / "stack", engines=engines, more=clock.environment))

        async def jumps() -> None:
            for ahead in (JUMP_SECONDS, -JUMP_SECONDS) * JUMPS[form]:
                clock.put(ahead)
                seen = (datetime.fromisoformat(moment(own)) - datetime.now(UTC)).total_seconds()
                wrong.extend([f"the database's clock is {seen:.0f} s off, not {ahead:.0f}"] if abs(seen - ahead) > 1 else [])
                await asyncio.sleep(chance.uniform(1, STAY_SECONDS))
            clock.put(0)

        seconds = JUMPS[form] * 8.0
        report = await under_load(own, "clocks-jump", jumps, count=round(RATE * seconds), seconds=seconds, repeatable=REFUSED)
        return with_audit(replace(report, wrong=tuple(wrong)), own)


CLOCKS_APART = Fault(
    key="clocks-apart",
    breaks="The clocks of all processes are a minute ahead of the database's, then a minute behind; counts from when they agree.",
    heals_within=35,
    short=False,
    run=apart,
    lacks=no_clock,
)
CLOCKS_JUMP = Fault(
    key="clocks-jump",
    breaks="The clock of a whole machine, database and processes, jumps 45 s ahead, 90 s back, and right again; counts from the last.",
    heals_within=35,
    short=False,
    run=jump,
    lacks=no_clock,
)
