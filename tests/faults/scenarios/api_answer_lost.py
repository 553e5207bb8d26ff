"""The commit is in the log and the caller does not know: the API was killed before it could say so, or the way to the caller broke.

The callers ask again with their keys. Their next try is answered, with what the log has.
"""

import asyncio
from random import Random
from uuid import UUID, uuid4

import psycopg

from tests.bench.books import grant
from tests.faults.callers import Told, insist, submit
from tests.faults.client import register
from tests.faults.doors import doors
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import CREDITS, healed, report
from tests.faults.stack import Stack
from tests.faults.ways import way_to_api, way_to_postgres
from tests.journal.proxy import APPENDED

AT_ONCE = 20
#: Deaths at the commit, and callers whose answer is cut off, in groups of AT_ONCE.
DEATHS = {Form.SHORT: 1, Form.WHOLE: 10, Form.LONG: 50}
CUTS = {Form.SHORT: 1, Form.WHOLE: 10, Form.LONG: 50}
HEALS_SECONDS = 5.0
ASKED = "SELECT stream FROM journal.events WHERE account_id = %(account)s AND topic = 'generations.requested'"


async def run(running: Stack, chance: Random, form: Form) -> Report:
    token, account = await register(running.url)
    await grant(running.database_url, account, CREDITS)
    began = asyncio.get_running_loop().time()
    killed, wrong = await killed_at_commit(running, token, DEATHS[form])
    cut = await cut_off(running, token, chance, CUTS[form])
    told = killed + cut
    accepted = sorted({each.id for each in told})
    await healed(running, accepted, began)
    return report(
        running,
        "api-answer-lost",
        account,
        accepted,
        expected=AT_ONCE * (DEATHS[form] + CUTS[form]),
        heal_seconds=max(each.seconds for each in told),
        wrong=(*wrong, *complaints(running, account, killed, cut)),
        notes=(f"{DEATHS[form]} deaths at a commit, {sum(each.tries > 1 for each in told)} of {len(told)} callers had to ask again",),
    )


async def killed_at_commit(running: Stack, token: str, deaths: int) -> tuple[list[Told], list[str]]:
    """An API process dies when the database has told it that an append is in the log. Its callers turn to another one."""
    told: list[Told] = []
    missed = 0
    async with way_to_postgres(running.database_url) as (proxy, url):
        with doors(running, 0, DATABASE_URL=url) as api:
            proxy.struck = api.kill
            for _ in range(deaths):
                api.open()
                await asyncio.to_thread(api.wait)
                proxy.cut_after = APPENDED

                def ports(number: int, dying: int = api.port) -> int:
                    return dying if number == 1 else running.port

                answers = await asyncio.gather(*(insist(ports, submit(token, str(uuid4()))) for _ in range(AT_ONCE)))
                # What had been appended when it died is told as an answer of before.
                missed += api.size > 0 or not any(each.replayed for each in answers)
                told += answers
    return told, [f"{missed} times nobody died at a commit"] if missed else []


async def cut_off(running: Stack, token: str, chance: Random, cuts: int) -> list[Told]:
    """The API lives; a caller's connection breaks between the commit and the answer, and so may the next."""
    told: list[Told] = []
    async with way_to_api(running.port, lambda: chance.random() < 0.5) as port:
        for _ in range(cuts):
            told += await asyncio.gather(*(insist(lambda number: port, submit(token, str(uuid4()))) for _ in range(AT_ONCE)))
    return told


def asked(running: Stack, account: UUID) -> set[UUID]:
    with psycopg.connect(running.database_url) as connection:
        return {row[0] for row in connection.execute(ASKED, {"account": account}).fetchall()}


def complaints(running: Stack, account: UUID, killed: list[Told], cut: list[Told]) -> list[str]:
    found = []
    told = {each.id for each in killed + cut}
    if asked(running, account) != told or len(told) != len(killed) + len(cut):
        found.append("what callers were told is not what the log has")
    if anew := sum(each.tries > 1 and not each.replayed for each in cut):
        found.append(f"{anew} repeats were not answered as such")
    if late := sum(each.tries > 2 for each in killed):
        found.append(f"{late} callers were not answered at their next try")
    return found


API_ANSWER_LOST = Fault(
    key="api-answer-lost",
    breaks="The API dies, or its caller's connection breaks, between commit and answer; the heal time is that of the caller's next try.",
    heals_within=HEALS_SECONDS,
    short=True,
    run=run,
)
