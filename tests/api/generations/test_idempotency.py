"""Idempotency-Key on POST /v1/generations and its cancel: one effect, one answer, to the byte."""

import asyncio

import pytest

from tests.support.api_words import CAT, key, problem, same_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def submit(house, person, name, **fields):
    return await house.client.post("/v1/generations", json={**CAT, **fields}, headers={**person.headers, "Idempotency-Key": name})


async def topics(house, person):
    async with house.platform.reads.connection() as connection:
        query = "SELECT topic FROM journal.events WHERE account_id = %s ORDER BY position"
        return [topic for (topic,) in await (await connection.execute(query, [person.account_id])).fetchall()]


async def test_a_hundred_at_once_are_one(house):
    person, name = await house.person(), key()
    answers = await asyncio.gather(*(submit(house, person, name) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert all(same_answer(answers[0], answer) for answer in answers)
    assert sum(answer.headers.get("idempotency-replayed") == "true" for answer in answers) == 99
    made = await topics(house, person)
    assert (made.count("generations.requested"), made.count("credits.held")) == (1, 1)


async def test_a_replay_shows_the_object_as_it_was_whatever_happened_since(house):
    person, name = await house.person(), key()
    first = await submit(house, person, name)
    path = f"/v1/generations/{first.json()['id']}"
    await house.client.post(f"{path}/cancel", headers=person.headers)
    second = await submit(house, person, name)
    assert same_answer(first, second)
    assert second.json()["status"] == "queued"
    await house.client.delete(path, headers=person.headers)
    assert same_answer(first, await submit(house, person, name))
    assert (await house.client.get(path, headers=person.headers)).status_code == 404


async def test_a_replay_is_answered_also_when_the_credits_are_gone(house):
    person, name = await house.person(credits=5), key()
    first = await submit(house, person, name)
    assert same_answer(first, await submit(house, person, name))
    problem(await submit(house, person, key()), 402, "insufficient_credits")


async def test_a_replay_is_answered_by_another_process(house, database_url, redis_url, database_folder):
    from tests.support.api_house import open_house

    person, name = await house.person(), key()
    first = await submit(house, person, name)
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off") as other:
        second = await submit(other, person, name)
    assert same_answer(first, second)
    assert second.headers["idempotency-replayed"] == "true"


async def test_the_order_of_fields_is_not_part_of_the_request(house):
    person, name = await house.person(), key()
    first = await submit(house, person, name)
    headers = {**person.headers, "Idempotency-Key": name, "Content-Type": "application/json"}
    text = '{ "params": {"size": "64x64"}, "prompt": "a cyberpunk cat", "kind": "image" }'
    assert same_answer(first, await house.client.post("/v1/generations", content=text, headers=headers))


async def test_another_body_or_another_route_under_the_key_is_refused(house):
    person, name = await house.person(), key()
    first = await submit(house, person, name)
    problem(await submit(house, person, name, prompt="a dog"), 422, "idempotency_key_reused")
    path = f"/v1/generations/{first.json()['id']}/cancel"
    answer = await house.client.post(path, headers={**person.headers, "Idempotency-Key": name})
    problem(answer, 422, "idempotency_key_reused")


async def test_the_same_key_of_two_accounts_is_two_keys(house):
    name = key()
    answers = [await submit(house, await house.person(), name) for _ in range(2)]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_a_refusal_leaves_no_trace_so_the_key_can_be_used_again(house):
    person, name = await house.person(credits=0), key()
    problem(await submit(house, person, name), 402, "insufficient_credits")
    operator = await house.person("operator")
    body = {"amount": 5, "reason": "test"}
    await house.client.post(f"/v1/admin/accounts/{person.account_id}/grants", json=body, headers=operator.headers)
    assert (await submit(house, person, name)).status_code == 202


async def test_a_replayed_cancel_gives_the_first_answer(house):
    person, name = await house.person(), key()
    path = f"/v1/generations/{(await submit(house, person, key())).json()['id']}/cancel"
    first, second = [await house.client.post(path, headers={**person.headers, "Idempotency-Key": name}) for _ in range(2)]
    assert first.status_code == 200
    assert same_answer(first, second)
    assert second.headers["idempotency-replayed"] == "true"


async def test_after_an_erasure_nothing_is_left_to_replay(house):
    person, name = await house.person(), key()
    await submit(house, person, name)
    async with house.platform.reads.connection() as connection:
        query = "UPDATE vault.subject_keys SET wrapped = NULL, destroyed_at = now() WHERE account_id = %s"
        await connection.execute(query, [person.account_id])
    house.platform.vault._known.clear()
    problem(await submit(house, person, name), 410, "erased")
