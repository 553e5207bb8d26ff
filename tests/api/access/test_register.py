"""POST /v1/auth/register"""

import asyncio

import pytest

from domain.accounts.events import AccountRegistered
from tests.support.api_words import PASSWORD, email, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def register(house, **fields):
    return await house.client.post("/v1/auth/register", json={"email": email(), "password": PASSWORD, **fields})


async def test_registering_makes_an_account_with_a_session_and_welcome_credits(house):
    address = email()
    answer = await register(house, email=address, name="Ada", first_name="Ada", last_name="Lovelace")
    assert answer.status_code == 201
    made = answer.json()
    assert made["token_type"] == "Bearer"
    assert made["expires_in"] == 900
    account = made["account"]
    assert {name: account[name] for name in ("email", "name", "first_name", "last_name", "roles", "status", "subscription")} == {
        "email": address,
        "name": "Ada",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "roles": ["user"],
        "status": "active",
        "subscription": None,
    }
    bearer = {"Authorization": f"Bearer {made['access_token']}"}
    assert (await house.client.get("/v1/me", headers=bearer)).json() == account
    balance = (await house.client.get("/v1/credits/balance", headers=bearer)).json()
    assert (balance["available"], balance["lifetime"]["granted"]) == (25, 25)


async def test_an_address_is_taken_whatever_its_case(house):
    address = email()
    assert (await register(house, email=address)).status_code == 201
    problem(await register(house, email=address.upper()), 409, "email_taken")


async def test_of_two_registrations_at_once_one_gets_the_address(house):
    address = email()
    answers = await asyncio.gather(*(register(house, email=address) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_nothing_personal_stands_in_the_log_in_the_clear(house):
    address = email()
    account_id = (await register(house, email=address, name="Zebedee")).json()["account"]["id"]
    async with house.platform.reads.connection() as connection:
        rows = await (await connection.execute("SELECT state FROM journal.events WHERE account_id = %s", [account_id])).fetchall()
        claims = await (await connection.execute("SELECT claim FROM journal.claims")).fetchall()
    states = b"".join(bytes(state) for (state,) in rows)
    assert AccountRegistered.TOPIC
    assert b"s1." in states
    assert address.encode() not in states
    assert b"Zebedee" not in states
    assert not any(address in claim for (claim,) in claims)


@pytest.mark.parametrize(
    ("password", "accepted"),
    [("seven77", False), ("eight888", True), ("x" * 72, True), ("x" * 73, False), ("ü" * 36, True), ("ü" * 37, False), ("", False)],
)
async def test_a_password_has_eight_characters_to_seventy_two_bytes(house, password, accepted):
    answer = await register(house, password=password)
    if accepted:
        assert answer.status_code == 201
    else:
        document = problem(answer, 422, "validation_failed" if len(password) < 8 else "password_refused")
        assert document["errors"][0]["pointer"] == "/password"


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b", "a b@example.com", "@example.com", "a@example.com@x", "x" * 250 + "@example.com", "a@example.com\n"],
)
async def test_what_is_no_address_is_refused(house, address):
    document = problem(await register(house, email=address), 422, "validation_failed")
    assert document["errors"][0]["pointer"] == "/email"


async def test_an_idempotency_key_is_ignored(house):
    headers = {"Idempotency-Key": "the-same"}
    bodies = [{"email": email(), "password": PASSWORD} for _ in range(2)]
    answers = [await house.client.post("/v1/auth/register", json=body, headers=headers) for body in bodies]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert all("idempotency-replayed" not in answer.headers for answer in answers)
