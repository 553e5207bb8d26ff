"""POST /v1/me/erasure, DELETE /v1/me, POST /v1/admin/accounts/{id}/erasure"""

import asyncio
from uuid import UUID

import pytest

from domain.accounts.account import Account
from domain.subscriptions.subscription import Subscription
from infra.erasure.erasures import PostgresErasures
from projections.audit.verify import verify
from projections.kernel.rebuild import rebuild
from projections.read_models import READ_MODELS
from tests.support.api_words import CAT, PASSWORD, key, problem, up_to_now
from workers.erasure.eraser import Eraser

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def carried_out(house):
    """What the scheduler does."""
    return await Eraser(house.platform, PostgresErasures(house.platform.reads), "eraser").run()


async def asked(house, person, password=PASSWORD, **headers):
    return await house.client.post("/v1/me/erasure", json={"password": password}, headers={**person.headers, **headers})


def admin_path(person, suffix=""):
    return f"/v1/admin/accounts/{person.account_id}{suffix}"


async def erased(house, operator):
    """Somebody who has done a little of everything, and was erased."""
    person = await house.person(password=PASSWORD)
    await house.finished(person)
    await house.client.post("/v1/generations", json=CAT, headers=person.headers)
    answer = await house.client.post(admin_path(person, "/erasure"), json={"reason": "by letter"}, headers=operator.headers)
    assert answer.status_code == 202, answer.text
    await carried_out(house)
    return person


async def test_the_owner_asks_with_his_password(house):
    person = await house.person(password=PASSWORD)
    problem(await asked(house, person, "wrong"), 422, "current_password_wrong")
    assert (await house.client.get("/v1/me", headers=person.headers)).status_code == 200
    answer = await asked(house, person)
    assert answer.status_code == 202
    assert answer.json()["account_id"] == str(person.account_id)
    account = await house.platform.journal.load(Account, person.account_id)
    assert account.status == "erasing"


async def test_whoever_is_forgotten_does_not_go_on_paying(house):
    person = await house.person(password=PASSWORD)
    asked_for = await house.client.post("/v1/subscriptions", json={"plan": "premium"}, headers=person.headers)
    subscription = asked_for.json()["id"]
    paid = await house.client.post(f"/v1/subscriptions/{subscription}/pay", headers=person.headers)
    assert (paid.status_code, paid.json()["status"]) == (200, "active")
    assert (await asked(house, person)).status_code == 202
    await carried_out(house)
    found = await house.platform.journal.load(Subscription, UUID(subscription))
    assert found.cancel_at_period_end


async def test_deleting_oneself_is_the_same(house):
    person = await house.person(password=PASSWORD)
    answer = await house.client.request("DELETE", "/v1/me", json={"password": PASSWORD}, headers=person.headers)
    assert (answer.status_code, answer.json()["account_id"]) == (202, str(person.account_id))


async def test_from_the_request_on_every_door_is_shut(house):
    person = await house.person(password=PASSWORD)
    _, token = await house.api_token(person, "usage:read")
    await asked(house, person)
    problem(await house.client.get("/v1/me", headers=person.headers), 410, "erased")
    problem(await house.client.get("/v1/me/usage", headers=token), 401, "invalid_token")
    login = {"email": person.email, "password": PASSWORD}
    unknown = {"email": "nobody@example.com", "password": PASSWORD}
    answers = [await house.client.post("/v1/auth/login", json=body) for body in (login, unknown)]
    documents = [problem(answer, 401, "wrong_credentials") for answer in answers]
    assert documents[0]["detail"] == documents[1]["detail"]
    refreshed = await house.client.post("/v1/auth/refresh", json={"refresh_token": person.refresh_token})
    problem(refreshed, 401, "refresh_token_invalid")
    verified = await house.client.post("/v1/auth/verify", json={"token": person.access_token})
    assert verified.json()["valid"] is False
    assert (await house.client.get("/v1/models", headers=person.headers)).status_code == 200


async def test_replays_are_gone_for_the_person_and_for_the_operator(house, operator):
    person = await house.person(password=PASSWORD)
    mine, his = {"Idempotency-Key": key()}, {**operator.headers, "Idempotency-Key": key()}
    first = await house.client.post("/v1/generations", json=CAT, headers={**person.headers, **mine})
    grant = {"amount": 5, "reason": "a gift"}
    assert (await house.client.post(admin_path(person, "/grants"), json=grant, headers=his)).status_code == 201
    assert first.status_code == 202
    await asked(house, person)
    await carried_out(house)
    again = await house.client.post("/v1/generations", json=CAT, headers={**person.headers, **mine})
    problem(again, 410, "erased")
    problem(await house.client.post(admin_path(person, "/grants"), json=grant, headers=his), 410, "erased")
    problem(await house.client.post(admin_path(person, "/suspend"), json={"reason": "x"}, headers=operator.headers), 410, "erased")


async def test_an_operator_asks_with_a_reason_and_a_repeat_is_the_same_answer(house, operator):
    person = await house.person()
    headers = {**operator.headers, "Idempotency-Key": key()}
    body = {"reason": "by letter"}
    problem(await house.client.post(admin_path(person, "/erasure"), json={}, headers=headers), 422, "validation_failed")
    first = await house.client.post(admin_path(person, "/erasure"), json=body, headers=headers)
    assert first.status_code == 202
    await carried_out(house)
    replay = await house.client.post(admin_path(person, "/erasure"), json=body, headers=headers)
    assert (replay.status_code, replay.content) == (202, first.content)
    assert replay.headers["idempotency-replayed"] == "true"
    another = await house.client.post(admin_path(person, "/erasure"), json=body, headers=operator.headers)
    assert (another.status_code, another.json()) == (202, first.json())
    unknown = f"/v1/admin/accounts/{house.platform.ids.new()}/erasure"
    problem(await house.client.post(unknown, json=body, headers=operator.headers), 404, "account_not_found")


async def test_operators_see_an_erased_account_without_a_name(house, operator):
    person = await erased(house, operator)
    headers = await up_to_now(house, operator)
    row = (await house.client.get(admin_path(person), headers=headers)).json()
    assert (row["status"], row["email"], row["name"], row["first_name"], row["last_name"]) == ("erased", None, None, None, None)
    rows = (await house.client.get("/v1/admin/accounts?status=erased", headers=headers)).json()["data"]
    assert str(person.account_id) in [each["id"] for each in rows]
    assert (await house.client.get("/v1/admin/accounts", params={"email": person.email}, headers=headers)).json()["data"] == []
    generations = await house.client.get("/v1/admin/generations", params={"account": str(person.account_id)}, headers=headers)
    assert sorted(each["status"] for each in generations.json()["data"]) == ["canceled", "succeeded"]


async def test_an_address_may_come_back_but_is_not_welcomed_twice(house):
    registration = {"email": "twice@example.com", "password": PASSWORD}
    first = (await house.client.post("/v1/auth/register", json=registration)).json()
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    assert (await house.client.get("/v1/credits/balance", headers=headers)).json()["available"] == 25
    assert (await house.client.post("/v1/me/erasure", json={"password": PASSWORD}, headers=headers)).status_code == 202
    second = await house.client.post("/v1/auth/register", json=registration)
    assert second.status_code == 201
    headers = {"Authorization": f"Bearer {second.json()['access_token']}"}
    assert second.json()["account"]["id"] != first["account"]["id"]
    assert (await house.client.get("/v1/credits/balance", headers=headers)).json()["available"] == 0


async def test_the_book_still_agrees_and_can_be_built_anew(house, database_url, operator):
    await erased(house, operator)
    await up_to_now(house, operator)
    async with asyncio.timeout(20):
        while min((await house.platform.positions.current()).values()) < await house.platform.journal.head():
            await asyncio.sleep(0.02)
    report = await verify(database_url)
    assert report.ok, report.first_difference
    for model in (READ_MODELS["accounts"], READ_MODELS["api_tokens"], READ_MODELS["assets"], READ_MODELS["generations"]):
        assert await rebuild(database_url, model, lambda done, of: None) > 0
    report = await verify(database_url)
    assert report.ok, report.first_difference
