"""The connection dies when the database has committed and before it has said so."""

import asyncio
from random import Random

from tests.faults.audit import with_audit
from tests.faults.between import between
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import under_load
from tests.faults.stack import Stack
from tests.journal.proxy import APPENDED, Proxy

#: How many answers are lost, at random moments.
CUTS = {Form.SHORT: 3, Form.WHOLE: 15, Form.LONG: 60}


async def run(running: Stack, chance: Random, form: Form) -> Report:
    with running.own_database() as url, between(url) as (proxy, proxied), running.fresh(database_url=proxied) as own:
        cuts = CUTS[form]
        seconds = 1.0 + 0.3 * cuts
        report = await under_load(
            own, "postgres-answer-lost", lambda: lose(proxy, chance, cuts), count=round(80 * seconds), seconds=seconds, after=0.3
        )
        return with_audit(report, own)


async def lose(proxy: Proxy, chance: Random, cuts: int) -> None:
    """The answer to an append that is committed, of whoever waits for one next: the API, the worker, the scheduler."""
    for number in range(cuts):
        proxy.cut_after = APPENDED
        for _ in range(200):
            if proxy.cuts > number:
                break
            await asyncio.sleep(0.05)
        assert proxy.cuts > number, "no answer to an append went by"
        await asyncio.sleep(chance.uniform(0, 0.3))


POSTGRES_ANSWER_LOST = Fault(
    key="postgres-answer-lost",
    breaks="The answer to an append that is committed never comes, and its connection is cut, again and again; counts from the last.",
    heals_within=35,
    short=False,
    run=run,
)
