"""The door under the default limits: failed logins count, successful ones do not; registrations count; welcome credits end."""

import asyncio

import pytest
import pytest_asyncio

from tests.support.api_house import open_house
from tests.support.api_words import CAT, PASSWORD, email, key, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def strict(database_url, redis_url, database_folder):
    """Clients on any address may be told apart, because this machine is a trusted proxy."""
    async with open_house(
        database_url, redis_url, database_folder, DAYBOOK_TRUSTED_PROXIES="127.0.0.0/8", DAYBOOK_WELCOME_PER_DAY="1000"
    ) as served:
        yield served


def from_(address):
    return {"X-Forwarded-For": address}


async def login(house, address, password, headers):
    return await house.client.post("/v1/auth/login", json={"email": address, "password": password}, headers=headers)


async def test_failed_logins_count_by_address_and_successful_ones_are_free(strict):
    person = await strict.person(password=PASSWORD)
    for _ in range(12):
        assert (await login(strict, person.email, PASSWORD, from_("192.0.2.1"))).status_code == 200
    for _ in range(10):
        problem(await login(strict, email(), "wrong word", from_("192.0.2.1")), 401, "wrong_credentials")
    document = problem(await login(strict, email(), "wrong word", from_("192.0.2.1")), 429, "rate_limited")
    assert document["bucket"] == "auth"
    assert (await login(strict, person.email, PASSWORD, from_("192.0.2.2"))).status_code == 200


async def test_failed_logins_count_by_mail_address_from_wherever_they_come(strict):
    person = await strict.person(password=PASSWORD)
    for number in range(10):
        problem(await login(strict, person.email, "wrong word", from_(f"198.51.100.{number}")), 401, "wrong_credentials")
    problem(await login(strict, person.email.upper(), PASSWORD, from_("198.51.100.99")), 429, "rate_limited")


async def test_registrations_count_by_address(strict):
    statuses = []
    for _ in range(11):
        body = {"email": email(), "password": PASSWORD}
        statuses.append((await strict.client.post("/v1/auth/register", json=body, headers=from_("203.0.113.1"))).status_code)
    assert statuses == [201] * 10 + [429]


async def test_refreshes_are_free_and_bad_ones_count_by_family(strict):
    person = await strict.person()
    token = person.refresh_token
    for _ in range(12):
        answer = await strict.client.post("/v1/auth/refresh", json={"refresh_token": token}, headers=from_("203.0.113.7"))
        assert answer.status_code == 200
        token = answer.json()["refresh_token"]
    bad = token[:-4] + "AAAA"
    answers = [await strict.client.post("/v1/auth/refresh", json={"refresh_token": bad}, headers=from_("203.0.113.7")) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    other = await strict.person()
    fine = await strict.client.post("/v1/auth/refresh", json={"refresh_token": other.refresh_token}, headers=from_("203.0.113.7"))
    assert fine.status_code == 200


async def test_a_session_goes_on_sixty_times_an_hour_and_no_more_however_rightly(strict):
    token, statuses = (await strict.person()).refresh_token, []
    for _ in range(61):
        answer = await strict.client.post("/v1/auth/refresh", json={"refresh_token": token}, headers=from_("203.0.113.77"))
        statuses.append(answer.status_code)
        token = answer.json().get("refresh_token", token)
    assert statuses == [200] * 60 + [429]
    assert answer.json()["bucket"] == "refresh"


async def test_a_password_can_be_tried_three_times_a_quarter_of_an_hour(strict):
    person = await strict.person(password=PASSWORD)
    body = {"current_password": "wrong word", "new_password": "another fine one"}
    answers = [await strict.client.post("/v1/auth/change-password", json=body, headers=person.headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert answers[-1].json()["bucket"] == "sensitive"


async def test_ten_at_once_on_fifteen_credits_and_a_hundred_twins_fit_into_the_default_limits(strict):
    person = await strict.person(credits=15)
    answers = await asyncio.gather(*(strict.client.post("/v1/generations", json=CAT, headers=person.headers) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [402] * 7
    twin = await strict.person(credits=15)
    headers = {**twin.headers, "Idempotency-Key": key()}
    answers = await asyncio.gather(*(strict.client.post("/v1/generations", json=CAT, headers=headers) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1


async def test_an_accounts_own_limits_replace_the_defaults(strict):
    person, operator = await strict.person(), await strict.person("operator")
    body = {"limits": {"generations": "2/3600"}, "reason": "test"}
    await strict.client.patch(f"/v1/admin/accounts/{person.account_id}", json=body, headers=operator.headers)
    statuses = [(await strict.client.post("/v1/generations", json=CAT, headers=person.headers)).status_code for _ in range(3)]
    assert statuses == [202, 202, 429]


async def test_the_days_share_is_not_exceeded_by_a_crowd_at_the_door(fresh_database_url, redis_url, tmp_path):
    async with open_house(fresh_database_url, redis_url, tmp_path, DAYBOOK_RATE_LIMITS="off", DAYBOOK_WELCOME_PER_DAY="3") as house:
        bodies = [{"email": email(), "password": PASSWORD} for _ in range(8)]
        answers = await asyncio.gather(*(house.client.post("/v1/auth/register", json=body) for body in bodies))
        assert [answer.status_code for answer in answers] == [201] * 8
        found = []
        for answer in answers:
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            found.append((await house.client.get("/v1/credits/balance", headers=headers)).json()["available"])
        assert sorted(found) == [0] * 5 + [25] * 3


async def test_after_the_days_share_accounts_begin_with_nothing(database_url, redis_url, database_folder):
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off", DAYBOOK_WELCOME_PER_DAY="1") as house:
        await house.person()
        answer = await house.client.post("/v1/auth/register", json={"email": email(), "password": PASSWORD})
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert (await house.client.get("/v1/credits/balance", headers=headers)).json()["available"] == 0
