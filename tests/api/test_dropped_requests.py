"""A client that leaves in the middle: its POST is in the log wholly or not at all, and the repeat with its key agrees."""

import asyncio
import json
import random
from collections import Counter
from uuid import UUID

from tests.support.api_house import House, Person, open_house

ACCOUNTS, EACH = 5, 200
BODY = json.dumps({"kind": "image", "prompt": "a cat on the way out", "params": {"size": "64x64"}}).encode()
#: What one accepted submission writes.
WHOLE = Counter({"credits.held": 1, "generations.requested": 1})


async def dropped(house: House, person: Person, key: str, seconds: float) -> None:
    """Send a submission and hang up after *seconds*, wherever it is then."""
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    head = (
        f"POST /v1/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {person.access_token}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    ).encode()
    # Some leave in the middle of what they say.
    writer.write(head + BODY if seconds > 0.001 else head + BODY[: len(key) * 7 % len(BODY)])
    await asyncio.sleep(seconds)
    writer.transport.abort()


async def repeated(house: House, person: Person, key: str) -> tuple[int, str, bool]:
    """Status, generation id and whether it was a replay."""
    headers = {**person.headers, "Idempotency-Key": key, "Content-Type": "application/json"}
    response = await house.client.post("/v1/generations", content=BODY, headers=headers)
    return response.status_code, response.json().get("id", response.text), "idempotency-replayed" in response.headers


async def written(house: House) -> dict[UUID, Counter[str]]:
    """Command id of each submission in the log -> the topics it wrote."""
    commands: dict[UUID, Counter[str]] = {}
    for each in await house.platform.journal.read(0, 100_000):
        if each.topic in WHOLE:
            commands.setdefault(each.command_id, Counter())[each.topic] += 1
    return commands


async def test_a_thousand_dropped_posts_are_in_the_log_wholly_or_not_at_all(database_url, redis_url, database_folder):
    chance = random.Random(20261121)
    async with open_house(database_url, redis_url, database_folder) as house:
        people = [await house.person(credits=10_000) for _ in range(ACCOUNTS)]
        asked = [(person, f"drop-{number}") for person in people for number in range(EACH)]
        gate = asyncio.Semaphore(20)

        async def drop(person: Person, key: str) -> None:
            async with gate:
                await dropped(house, person, key, chance.choice((0.0, chance.uniform(0.0, 0.03))))

        await asyncio.gather(*(drop(person, key) for person, key in asked))
        before = await written(house)
        answers = []
        for start in range(0, len(asked), 20):
            answers += await asyncio.gather(*(repeated(house, person, key) for person, key in asked[start : start + 20]))
        after = await written(house)
    assert {status for status, _, _ in answers} == {202}, Counter(answers).most_common(3)
    assert 0 < len(before) < len(asked), "some must have arrived and some not"
    assert set(map(str, before.values())) | set(map(str, after.values())) == {str(WHOLE)}
    assert len(after) == len(asked) == len({generation for _, generation, _ in answers})
    assert sum(replay for _, _, replay in answers) >= len(before)
