"""At rest: everything that was accepted has ended, and every list, sum and message says the same as the book."""

import asyncio
import time
from collections import Counter

import psycopg

from tests.soak.book import FINAL
from tests.soak.client import Client, Person, Turn
from tests.soak.reading import page, read_balance, read_ledger
from tests.soak.receiver import Receiver
from tests.soak.stream import StreamReader
from tests.soak.submitting import GENERATIONS

REST_SECONDS_MAX = 120.0
AT_ONCE = 8
# What the log itself says at rest: SQL alone, which shares nothing with what it judges.
OPEN_WORK = "SELECT count(*) FROM dispatch.work"
HELD = "SELECT coalesce(sum(held), 0)::bigint FROM journal.events"
ENDED_TWICE = """
    SELECT count(*) FROM (
        SELECT stream FROM journal.events
        WHERE topic IN ('generations.succeeded', 'generations.failed', 'generations.canceled') GROUP BY stream HAVING count(*) > 1) ends
"""


async def all_ended(client: Client, database_url: str) -> float:
    """Waits until nothing is open any more. The seconds it took."""
    began = time.monotonic()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        while (left := await _single(connection, OPEN_WORK)) and time.monotonic() - began < REST_SECONDS_MAX:
            await asyncio.sleep(0.2)
        client.book.expect(left == 0, f"{left} generations are still open {REST_SECONDS_MAX:g} s after the last was asked for")
        held = await _single(connection, HELD)
        client.book.expect(held == 0, f"{held} credits are still held at rest")
        twice = await _single(connection, ENDED_TWICE)
        client.book.expect(twice == 0, f"{twice} generations ended twice")
    return time.monotonic() - began


async def _single(connection: psycopg.AsyncConnection, query: str) -> int:
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


async def everyone(client: Client) -> None:
    """Each person's list, ledger, balance and usage against the book."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(person: Person) -> None:
        async with places:
            await _reckon(client, person)

    await asyncio.gather(*(one(person) for person in client.people))
    for id_, account in client.book.unclaimed.items():
        client.book.differ(f"{id_} of {account} was never answered to anybody")
    for generation in client.book.generations.values():
        client.book.expect(generation.final, f"{generation.id} is {generation.status} at rest")


async def _reckon(client: Client, person: Person) -> None:
    turn = client.turn(person, "at rest")
    await _whole_list(client, turn)
    while not await read_ledger(turn, pages=1_000):
        await asyncio.sleep(0.1)
    await read_balance(turn)
    account = person.account
    own = [each for each in client.book.generations.values() if each.account == account.id]
    spent = sum(each.quoted for each in own if each.status == "succeeded")
    turn.expect(account.available == account.granted - spent, f"{account.available} available, {account.granted} granted, {spent} spent")
    turn.expect(account.held == 0 and not account.holds, f"{account.held} held at rest: {list(account.holds)[:3]}")
    await _whole_usage(turn, Counter(each.status for each in own), spent)


async def _whole_list(client: Client, turn: Turn) -> None:
    """Page by page to its end: what was accepted and not deleted, each once, and nothing else."""
    assert turn.person is not None
    account, seen, cursor = turn.person.account, list[str](), ""
    while True:
        found = await page(turn, f"{GENERATIONS}?limit=100{cursor}")
        if found is None:
            return
        for each in found["data"]:
            _adopt(client, turn, each)
            seen.append(each["id"])
            turn.expect(each["status"] in FINAL, f"{each['id']} is listed as {each['status']} at rest")
        if found["next_cursor"] is None:
            break
        cursor = f"&cursor={found['next_cursor']}"
    due = {each.id for each in client.book.generations.values() if each.account == account.id and not each.deleted}
    turn.expect(len(seen) == len(set(seen)), f"a whole list shows {len(seen) - len(set(seen))} twice")
    missing, more = due - set(seen), set(seen) - due
    turn.expect(not missing and not more, f"a whole list misses {list(missing)[:3]} and has {list(more)[:3]}")


def _adopt(client: Client, turn: Turn, said: dict[str, object]) -> None:
    """What a schedule asked for is answered to nobody; it is in the book from when it is seen at rest."""
    person = turn.person
    assert person is not None
    if said["schedule_id"] is not None and said["schedule_id"] == person.schedule and said["id"] not in client.book.generations:
        client.book.accepted(person.account.id, dict(said), quoted=person.schedule_price, request_id=turn.request_id)
        person.scheduled += 1


async def _whole_usage(turn: Turn, due: Counter[str], spent: int) -> None:
    answer = await turn.ask("GET", "/v1/me/usage?group_by=model", 200, reads=True)
    if answer is None:
        return
    names = ("requested", "succeeded", "failed", "canceled", "spent")
    said = {name: sum(each[name] for each in answer.json["data"]) for name in names}
    expected = {"requested": due.total(), **{name: due[name] for name in ("succeeded", "failed", "canceled")}, "spent": spent}
    turn.expect(said == expected, f"usage says {said}, the book {expected}")


async def everything_told(client: Client, receiver: Receiver, streams: list[StreamReader], seconds: float = 60) -> None:
    """At webhooks and on streams every generation's end was told: once, and rightly."""
    due: dict[str, dict[str, str]] = {}
    for each in client.book.generations.values():
        due.setdefault(each.account, {})[each.id] = each.status
    own = {person.account.id: person.told_of for person in client.people if person.own_url is not None}
    tellings = []
    for endpoint in receiver.endpoints.values():
        ends = due.get(endpoint.account, {})
        wanted = {id_: ends[id_] for id_ in own[endpoint.account]} if endpoint.account in own else ends
        tellings.append((f"webhook of {endpoint.account}", endpoint.finals, wanted))
    tellings += [(f"stream of {reader.account}", reader.finals, due.get(reader.account, {})) for reader in streams]
    until = time.monotonic() + seconds
    while any(len(told) < len(wanted) for _, told, wanted in tellings) and time.monotonic() < until:
        await asyncio.sleep(0.2)
    for name, told, wanted in tellings:
        client.book.compared += len(wanted)
        missing = [id_ for id_ in wanted if id_ not in told]
        client.book.expect(not missing, f"the {name} was never told of {len(missing)}, such as {missing[:3]}")
        wrong = [id_ for id_, status in told.items() if wanted.get(id_) != status]
        client.book.expect(not wrong, f"the {name} was told another end of {wrong[:3]}")
