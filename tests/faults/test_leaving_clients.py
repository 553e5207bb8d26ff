"""Clients that hang up in the middle of a submit: each submit is in the log wholly or not at all, and its repeat agrees."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from domain.kernel.ids import command_of_key
from tests.support.api_house import House, Person, open_house

POSTS = 1_000
AT_ONCE = 40
SEED = 20_261_121
BODY = json.dumps({"kind": "image", "prompt": "a ferry in fog", "params": {"size": "64x64"}}).encode()

# Each command with the topics it wrote, in order.
COMMANDS = "SELECT command_id, array_agg(topic ORDER BY position) FROM journal.events WHERE account_id = %(account)s GROUP BY command_id"


@pytest_asyncio.fixture
async def house(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(database_url, redis_url, tmp_path, DAYBOOK_RATE_LIMITS="off") as opened:
        yield opened


async def leave_early(house: House, person: Person, key: str, after_seconds: float) -> None:
    """Send a whole submit, and be gone *after_seconds* without reading the answer."""
    head = (
        f"POST /v1/generations HTTP/1.1\r\nHost: daybook.test\r\nAuthorization: Bearer {person.access_token}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(head.encode() + BODY)
    with suppress(ConnectionError):
        await writer.drain()
    await asyncio.sleep(after_seconds)
    # abort() sends a reset: the server learns of it while it may still be deciding.
    writer.transport.abort()


async def topics_by_command(house: House, person: Person) -> dict:
    async with house.platform.reads.connection() as connection:
        rows = await (await connection.execute(COMMANDS, {"account": person.account_id})).fetchall()
    return dict(rows)


@pytest.mark.timeout(240)
async def test_a_submit_whose_client_left_is_in_the_log_wholly_or_not_at_all_and_its_repeat_agrees(house: House) -> None:
    person = await house.person(credits=10 * POSTS)
    dice = random.Random(SEED)
    delays = {f"leaver-{number}": dice.choice((0.0, dice.uniform(0, 0.004), dice.uniform(0, 0.03))) for number in range(POSTS)}
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(key: str, delay: float) -> None:
        async with slots:
            await leave_early(house, person, key, delay)

    await asyncio.gather(*(one(key, delay) for key, delay in delays.items()))
    # What was on its way to the log arrives there; nothing new is sent meanwhile.
    before: dict = {}
    while (now := await topics_by_command(house, person)) != before:
        before = now
        await asyncio.sleep(0.3)
    landed = {key: before[command] for key in delays if (command := command_of_key(person.account_id, key)) in before}
    assert all(sorted(topics) == ["credits.held", "generations.requested"] for topics in landed.values())

    replayed = 0
    for key in delays:
        answer = await house.client.post(
            "/v1/generations", content=BODY, headers={**person.headers, "Content-Type": "application/json", "Idempotency-Key": key}
        )
        assert answer.status_code == 202
        assert ("Idempotency-Replayed" in answer.headers) == (key in landed)
        replayed += "Idempotency-Replayed" in answer.headers
    after = await topics_by_command(house, person)
    assert sum(topics.count("generations.requested") for topics in after.values()) == POSTS
    assert sum(topics.count("credits.held") for topics in after.values()) == POSTS
    # Both outcomes must have been met, or the test has shown nothing.
    assert replayed > 0
    print(f"{replayed} of {POSTS} submits had landed before their client left, {POSTS - replayed} had not")
