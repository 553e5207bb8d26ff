"""POST /v1/generations/{id}/cancel, and Prefer: wait"""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.generations.commands import FailGeneration, FinishCancel, StartGeneration
from tests.support.api_words import CAT, key, problem, same_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def submit(house, person, headers=None, **fields):
    return await house.client.post("/v1/generations", json={**CAT, **fields}, headers={**person.headers, **(headers or {})})


async def cancel(house, person, generation_id):
    return await house.client.post(f"/v1/generations/{generation_id}/cancel", headers=person.headers)


async def balance(house, person):
    shown = (await house.client.get("/v1/credits/balance", headers=person.headers)).json()
    return shown["available"], shown["held"]


async def start(house, generation_id):
    await house.execute(StartGeneration(generation_id=UUID(generation_id), worker="test"))


async def fail(house, person, generation_id):
    command = FailGeneration(
        generation_id=UUID(generation_id), account_id=person.account_id, attempt=None, code="timeout", message="Too slow.", retryable=True
    )
    await house.execute(command)


@pytest.mark.parametrize("later", [None, timedelta(hours=1)])
async def test_what_has_not_begun_is_canceled_at_once_and_its_credits_are_free_again(house, later):
    person = await house.person(credits=5)
    fields = {} if later is None else {"run_at": (datetime.now(UTC) + later).isoformat()}
    made = (await submit(house, person, **fields)).json()
    answer = await cancel(house, person, made["id"])
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["credits"]["released"]) == ("canceled", 5)
    assert await balance(house, person) == (5, 0)
    assert (await cancel(house, person, made["id"])).json() == answer.json()


async def test_what_runs_is_asked_to_stop(house):
    person = await house.person(credits=5)
    generation_id = (await submit(house, person)).json()["id"]
    await start(house, generation_id)
    answer = await cancel(house, person, generation_id)
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["credits"]["held"]) == ("running", 5)
    assert answer.json()["cancel_requested_at"] is not None
    assert answer.headers["location"].endswith(generation_id)
    assert (await cancel(house, person, generation_id)).json() == answer.json()
    await house.execute(FinishCancel(generation_id=UUID(generation_id), account_id=person.account_id, attempt=1, delivered_price=0))
    assert (await cancel(house, person, generation_id)).status_code == 200
    assert await balance(house, person) == (5, 0)


async def test_final_is_final(house, alice):
    generation_id, _ = await house.finished(alice)
    problem(await cancel(house, alice, generation_id), 409, "generation_final")


async def test_a_wait_ends_with_the_generation(house, alice):
    waiting = asyncio.create_task(submit(house, alice, {"Prefer": "wait=20"}))
    while not (found := (await house.client.get("/v1/generations?status=queued", headers=alice.headers)).json()["data"]):
        await asyncio.sleep(0.01)
    await start(house, found[0]["id"])
    await fail(house, alice, found[0]["id"])
    answer = await waiting
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "wait=20"
    assert (answer.json()["status"], answer.json()["error"]) == (
        "failed",
        {"code": "timeout", "message": "Too slow.", "retryable": True, "billable": False},
    )


async def test_a_wait_that_is_too_short_gives_what_was_accepted(house, alice):
    answer = await submit(house, alice, {"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert "preference-applied" not in answer.headers


async def test_a_replay_that_waits_answers_with_the_object_as_it_is_now(house, alice):
    name = {"Idempotency-Key": key()}
    first = await submit(house, alice, name)
    await start(house, first.json()["id"])
    await fail(house, alice, first.json()["id"])
    waited = await submit(house, alice, {**name, "Prefer": "wait=5"})
    assert (waited.status_code, waited.json()["status"]) == (200, "failed")
    assert same_answer(first, await submit(house, alice, name))


async def test_reading_can_wait_too(house, alice):
    generation_id = (await submit(house, alice)).json()["id"]
    path = f"/v1/generations/{generation_id}"
    waiting = asyncio.create_task(house.client.get(path, headers={**alice.headers, "Prefer": "wait=20"}))
    await asyncio.sleep(0.05)
    await cancel(house, alice, generation_id)
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
