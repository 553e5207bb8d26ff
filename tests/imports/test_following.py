"""What stands beside the log follows from it: an import makes the claims and work rows that the journal itself had made."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.accounts.commands import RevokeApiToken
from domain.generations.commands import CancelGeneration, RetryGeneration, StartGeneration
from infra.erasure.erasures import PostgresErasures
from tests.support.api_house import open_house
from tests.support.api_words import CAT
from tests.support.journal import context, journal_world
from tests.support.shelf import shelf_at
from workers.erasure.eraser import Eraser

CLAIMS = "SELECT claim, stream FROM journal.claims ORDER BY claim"
#: Turns are dealt anew, and what a worker has claimed nobody holds any more.
WORK = """
    SELECT generation_id, account_id, queue, model, provider, priority, state, run_at, start_deadline, deadline, cancel_requested,
           created_at
    FROM dispatch.work ORDER BY created_at, generation_id
"""
LATER = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()


@pytest.fixture
async def lived_in(fresh_database_url, redis_url, tmp_path):
    """A log whose people have done everything that claims and work rows follow from."""
    async with open_house(fresh_database_url, redis_url, tmp_path, DAYBOOK_RATE_LIMITS="off") as house:
        await people(house)
        await work(house)
        async with shelf_at(fresh_database_url) as shelf:
            yield shelf


async def people(house):
    """Tokens that live and were revoked, an address that was erased and came back, somebody without a welcome."""
    alice = await house.person(credits=25)
    await house.person(credits=0)
    await house.api_token(alice, "usage:read")
    revoked, _ = await house.api_token(alice, "usage:read")
    await house.execute(RevokeApiToken(account_id=alice.account_id, token_id=revoked))
    operator, gone = await house.person("operator"), await house.person(credits=25)
    await house.api_token(gone, "usage:read")
    path = f"/v1/admin/accounts/{gone.account_id}/erasure"
    answer = await house.client.post(path, json={"reason": "by letter"}, headers=operator.headers)
    assert answer.status_code == 202
    await Eraser(house.platform, PostgresErasures(house.platform.reads), "eraser").run()
    again = {"email": gone.email, "password": "correct horse battery"}
    assert (await house.client.post("/v1/auth/register", json=again)).status_code == 201


async def work(house):
    """Generations in every state that is open, and some that have ended."""
    person = await house.person(credits=500)
    asked = [{**CAT, "priority": "high"}, {**CAT, "priority": "low", "start_deadline": LATER}, {**CAT, "run_at": LATER}]
    for body in asked:
        assert (await house.client.post("/v1/generations", json=body, headers=person.headers)).status_code == 202
    await house.finished(person)
    canceled, running, stopping, retrying = [await house.generation(person) for _ in range(4)]
    key = {"account_id": person.account_id}
    for generation_id in (running, stopping, retrying):
        await house.execute(StartGeneration(generation_id=generation_id, worker="test"))
    for generation_id in (canceled, stopping):
        await house.execute(CancelGeneration(generation_id=generation_id, actor="owner", **key))
    soon = datetime.now(UTC) + timedelta(minutes=5)
    await house.execute(RetryGeneration(generation_id=retrying, attempt=1, code="overloaded", run_at=soon, **key))


async def test_claims_and_work_rows_come_back_as_they_were(lived_in, other):
    done = await other.imported(await lived_in.exported())
    claims, waiting = await lived_in.rows(CLAIMS), await lived_in.rows(WORK)
    assert await other.rows(CLAIMS) == claims
    assert await other.rows(WORK) == waiting
    assert (done.claims, done.open_generations) == (len(claims), len(waiting))
    kinds = {claim.partition(":")[0] for claim, _ in claims}
    assert kinds == {"email", "welcome", "api_token"}
    assert {row[6] for row in waiting} == {"ready", "waiting"}
    started = await other.rows("SELECT count(*) FROM dispatch.work WHERE started")
    assert started == [(3,)]
    turns = await other.rows("SELECT turn FROM dispatch.work WHERE queue = 'image' ORDER BY created_at")
    assert turns == [(number,) for number in range(1, len(turns) + 1)]
    # What was open can still be ended, by commands like everything else.
    async with journal_world(other.url) as world:
        for generation_id, account_id in await other.rows("SELECT generation_id, account_id FROM dispatch.work WHERE NOT started"):
            await world.journal.execute(CancelGeneration(generation_id=generation_id, account_id=account_id, actor="owner"), context())
    assert await other.rows("SELECT count(*) FROM dispatch.work WHERE NOT started") == [(0,)]
