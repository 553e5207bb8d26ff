"""Clients that leave at any moment: what they asked for is in the log wholly or not at all, and their repeat agrees."""

import asyncio
import json
import random

import pytest

from tests.support.api_house import House, Person, open_house
from tests.support.api_words import CAT

ACCOUNTS = 10
EACH = 100
#: Of a request's usual time and beyond: some are dropped before they are read, some after they are answered.
SECONDS_MAX = 0.15
AT_ONCE = 50


async def leave(house: House, person: Person, key: str, seconds: float) -> bool:
    """Send a request on a connection of its own and break it after *seconds*. Whether that was before the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    body = json.dumps(CAT)
    head = {**person.headers, "Host": "x", "Content-Type": "application/json", "Content-Length": str(len(body)), "Idempotency-Key": key}
    lines = ["POST /v1/generations HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", body]
    writer.write("\r\n".join(lines).encode())
    answer = asyncio.create_task(reader.read(1))
    await asyncio.wait({answer}, timeout=seconds)
    left = not answer.done()
    answer.cancel()
    writer.transport.abort()
    return left


async def submit(house: House, person: Person, key: str):
    return await house.client.post("/v1/generations", json=CAT, headers={**person.headers, "Idempotency-Key": key})


async def written(house: House, person: Person) -> dict[str, int]:
    query = "SELECT topic, count(*) FROM journal.events WHERE account_id = %s AND topic = ANY(%s) GROUP BY topic"
    async with house.platform.reads.connection() as connection:
        cursor = await connection.execute(query, [person.account_id, ["generations.requested", "credits.held"]])
        return dict(await cursor.fetchall())


@pytest.mark.timeout(120)
async def test_a_thousand_dropped_requests_agree_with_their_repeats(database_url, redis_url, database_folder):
    chance, gate = random.Random(4711), asyncio.Semaphore(AT_ONCE)
    async with open_house(database_url, redis_url, database_folder) as house:
        people = [await house.person(credits=5 * EACH) for _ in range(ACCOUNTS)]
        asked = [(person, f"{number}") for person in people for number in range(EACH)]

        async def drop(person: Person, key: str) -> bool:
            async with gate:
                return await leave(house, person, key, chance.uniform(0, SECONDS_MAX))

        left = await asyncio.gather(*(drop(*one) for one in asked))
        before = [await written(house, person) for person in people]
        assert all(counts.get("generations.requested") == counts.get("credits.held") for counts in before)

        async def repeat(person: Person, key: str):
            async with gate:
                return await submit(house, person, key)

        answers = await asyncio.gather(*(repeat(*one) for one in asked))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["id"] for answer in answers}) == ACCOUNTS * EACH
        replayed = sum(answer.headers.get("idempotency-replayed") == "true" for answer in answers)
        # More than were seen, when some were still being written while they were counted.
        assert replayed >= sum(counts.get("generations.requested", 0) for counts in before)
        after = [await written(house, person) for person in people]
        assert after == [{"generations.requested": EACH, "credits.held": EACH}] * ACCOUNTS
    assert sum(left) > ACCOUNTS * EACH // 10
