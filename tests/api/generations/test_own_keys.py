"""What is asked on a key of one's own: chosen by itself, at the book's rate for that, and required where the installation has none."""

from uuid import UUID

import pytest
import pytest_asyncio

from domain.generations.generation import Generation
from tests.support.api_house import open_house
from tests.support.api_words import key, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMAGE = {"kind": "image", "model": "stability/core", "prompt": "a cat", "params": {"count": 3}}
EDIT = {"kind": "video", "model": "kie/runway", "prompt": "a cat", "params": {"duration": 10}}
SECRET = "sk-a-key-of-the-caller-0123456789"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_url, redis_url, database_folder):
    """With a key at Stability AI, with one at a server of its own, and with a keyless one: nowhere else."""
    settings = {"STABILITY_API_KEY": "sk-of-the-installation", "OPENAI_COMPATIBLE_BASE_URL": "http://127.0.0.1:9/v1"}
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off", **settings) as served:
        yield served


async def bring(house, person, provider):
    answer = await house.client.put(f"/v1/provider-keys/{provider}", json={"key": SECRET}, headers=person.headers)
    assert answer.status_code in (200, 201), answer.text


async def asked(house, person, body):
    return await house.client.post("/v1/generations", json=body, headers={**person.headers, "Idempotency-Key": key()})


async def model(house, name, headers=None):
    rows = (await house.client.get("/v1/models", headers=headers or {})).json()["data"]
    return next(row for row in rows if row["id"] == name)


async def test_a_key_of_ones_own_goes_before_the_installations_and_costs_its_own_rate(house):
    person = await house.person(credits=100)
    before = await asked(house, person, IMAGE | {"params": {"count": 1}})
    problem(before, 402, "insufficient_credits")
    await bring(house, person, "stability")
    estimate = await house.client.post("/v1/generations/estimate", json=IMAGE, headers=person.headers)
    assert estimate.json()["credits"] == 3
    answer = await asked(house, person, IMAGE)
    assert answer.status_code == 202, answer.text
    # Welcome credits do not pay for what costs the installation money; on an own key nothing does.
    assert answer.json()["credits"]["held"] == 3
    generation = await house.platform.journal.load(Generation, UUID(answer.json()["id"]))
    assert (generation.own_key, generation.rate, generation.rate_unit, generation.rate_per) == (True, 1, "item", 1)


async def test_without_any_key_it_is_said_which_one_is_needed(house):
    person = await house.person(credits=100)
    refused = problem(await asked(house, person, EDIT), 422, "provider_key_required")
    assert (refused["provider"], refused["errors"][0]["pointer"]) == ("kie-runway", "/model")
    problem(await house.client.post("/v1/generations/estimate", json=EDIT, headers=person.headers), 422, "provider_key_required")
    await bring(house, person, "kie-runway")
    answer = await asked(house, person, EDIT)
    assert (answer.status_code, answer.json()["credits"]["held"]) == (202, 1)
    await house.client.delete("/v1/provider-keys/kie-runway", headers=person.headers)
    problem(await asked(house, person, EDIT), 422, "provider_key_required")


async def test_the_catalogue_says_what_needs_a_key_and_what_it_costs_you(house):
    person = await house.person()
    for headers in (None, person.headers):
        runway = await model(house, "kie/runway", headers)
        assert (runway["needs_key"], runway["own_key"], runway["price"]["unit"]) == (True, False, "second")
        core = await model(house, "stability/core", headers)
        assert (core["needs_key"], core["own_key"], core["price"]["amount"]) == (False, False, 5)
    await bring(house, person, "kie-runway")
    mine = await model(house, "kie/runway", person.headers)
    assert (mine["needs_key"], mine["own_key"], mine["free_tier"]) == (False, True, True)
    assert {name: mine["price"][name] for name in ("amount", "unit", "per", "rates")} == {
        "amount": 1,
        "unit": "item",
        "per": 1,
        "rates": {},
    }
    assert (await model(house, "kie/veo-3", person.headers))["needs_key"]
    assert (await model(house, "builtin/sketch-1", person.headers))["own_key"] is False


async def test_a_server_that_asks_for_no_key_is_not_had_for_the_price_of_one(house):
    """Any word would be a key there, and the machine is the operator's."""
    person = await house.person(credits=100)
    await bring(house, person, "openai-compatible")
    row = await model(house, "openai-compatible/gpt-image-2", person.headers)
    assert (row["own_key"], row["needs_key"], row["price"]["amount"]) == (False, False, 5)
    body = {"kind": "image", "model": "openai-compatible/gpt-image-2", "prompt": "a cat"}
    estimate = await house.client.post("/v1/generations/estimate", json=body, headers=person.headers)
    assert estimate.json()["credits"] == 5


async def test_a_key_decides_nothing_for_what_was_asked_before_it(house):
    person = await house.person(credits=100)
    built_in = await asked(house, person, {"kind": "image", "prompt": "a cat", "params": {"size": "64x64"}})
    await bring(house, person, "stability")
    generation = await house.platform.journal.load(Generation, UUID(built_in.json()["id"]))
    assert (generation.own_key, built_in.json()["credits"]["held"]) == (False, 5)
