"""A hundred clients send the same request with the same key while the API processes that work on it die."""

import asyncio
from random import Random
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg

from tests.bench.books import grant
from tests.faults.callers import insist, submit
from tests.faults.client import register
from tests.faults.doors import Doors, doors
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import CREDITS, healed, report
from tests.faults.stack import Stack

TWINS = 100
#: The long form comes five times.
ROUNDS = {Form.SHORT: 4, Form.WHOLE: 50, Form.LONG: 200}
#: One is killed in every round; the others answer until it is replaced.
PROCESSES = 3
#: From before anything is decided until after everything is answered.
MOMENT_SECONDS_MAX = 0.15
# What the log has of the account: requests, holds, and the commands that asked for them.
ASKED = """
    SELECT count(*) FILTER (WHERE topic = 'generations.requested'), count(*) FILTER (WHERE topic = 'credits.held'),
           count(DISTINCT command_id)
    FROM journal.events
    WHERE account_id = %(account)s AND topic IN ('generations.requested', 'credits.held')
"""


class Round(NamedTuple):
    ids: set[UUID]
    #: Tries beyond the first of each twin.
    again: int


async def run(running: Stack, chance: Random, form: Form) -> Report:
    token, account = await register(running.url)
    await grant(running.database_url, account, CREDITS)
    with doors(running, PROCESSES) as api:
        rounds = [await one_round(api, token, chance) for _ in range(ROUNDS[form])]
    began = asyncio.get_running_loop().time()
    accepted = sorted({each for twins in rounds for each in twins.ids})
    split = sum(len(twins.ids) > 1 for twins in rounds)
    await healed(running, accepted, began)
    return report(
        running,
        "identical-posts",
        account,
        accepted,
        expected=len(rounds),
        heal_seconds=None,
        wrong=tuple(doubles(running, account, len(rounds))) + ((f"in {split} rounds twins were told several ids",) if split else ()),
        notes=(f"{len(rounds)} rounds of {TWINS}, {sum(twins.again for twins in rounds)} requests were sent again",),
    )


async def one_round(api: Doors, token: str, chance: Random) -> Round:
    request = submit(token, str(uuid4()))
    twins = [asyncio.create_task(insist(lambda number: api.port, request)) for _ in range(TWINS)]
    await asyncio.sleep(chance.uniform(0, MOMENT_SECONDS_MAX))
    api.kill(chance.randrange(api.size))
    api.open()
    told = await asyncio.gather(*twins)
    return Round({each.id for each in told}, sum(each.tries - 1 for each in told))


def doubles(running: Stack, account: UUID, rounds: int) -> list[str]:
    """What the log has beyond one request and one hold a round."""
    with psycopg.connect(running.database_url) as connection:
        row = connection.execute(ASKED, {"account": account}).fetchone()
    assert row is not None
    return [
        f"{count} {what} of {rounds} rounds" for count, what in zip(row, ("requests", "holds", "commands"), strict=True) if count != rounds
    ]


IDENTICAL_POSTS = Fault(
    key="identical-posts",
    breaks="A hundred identical POSTs at once; an API process that works on them is killed: one job, one hold, one id for all.",
    heals_within=None,
    short=True,
    run=run,
)
