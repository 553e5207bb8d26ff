"""The `webhook_url` of a generation: what is checked when it is asked for, what it is told, and that it is nobody's to read."""

import pytest

from tests.support.api_words import problem
from tests.support.ssrf_cases import CASES
from tests.support.webhook_receiver import verified

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKED = {"kind": "image", "prompt": "a cat", "params": {"size": "64x64"}}


async def secret_of(house, person) -> str:
    answer = await house.client.post("/v1/webhook-secret", headers=person.headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


async def test_without_a_secret_to_sign_with_it_is_refused(house, alice, receiver):
    answer = await house.client.post("/v1/generations", headers=alice.headers, json={**ASKED, "webhook_url": receiver.origin})
    assert problem(answer, 422, "webhook_secret_missing")["errors"][0]["pointer"] == "/webhook_url"
    asked = {**ASKED, "webhook_url": receiver.origin}
    batch = await house.client.post("/v1/generations/batch", headers=alice.headers, json={"generations": [ASKED, asked]})
    assert problem(batch, 422, "webhook_secret_missing")
    body = {"generation": asked, "cron": "0 9 * * *", "time_zone": "Europe/Berlin"}
    assert problem(await house.client.post("/v1/schedules", headers=alice.headers, json=body), 422, "webhook_secret_missing")


async def test_it_is_told_all_of_its_own_events_signed_with_the_accounts_secret(house, alice, office, receiver):
    secret = await secret_of(house, alice)
    async with office.sending():
        url = receiver.script("/own", 500)
        asked = await house.client.post("/v1/generations", headers=alice.headers, json={**ASKED, "webhook_url": url})
        await house.generation(alice)
        generation_id = asked.json()["id"]
        await house.client.post(f"/v1/generations/{generation_id}/cancel", headers=alice.headers)
        await office.all_settled(alice)
    heard = receiver.at("/own")
    assert [each.type for each in heard] == ["generation.queued", "generation.queued", "generation.canceled"]
    assert {each.body["data"]["id"] for each in heard} == {generation_id}
    assert all(verified(each, secret) == [True] for each in heard)
    assert await office.rows("SELECT count(*) FROM webhooks.generations WHERE account_id = %s", alice.account_id) == [(0,)]


async def test_a_replaced_secret_signs_for_a_day_more(house, alice, office, receiver):
    old, new = await secret_of(house, alice), await secret_of(house, alice)
    body = {**ASKED, "webhook_url": receiver.script("/both")}
    async with office.sending():
        await house.client.post("/v1/generations", headers=alice.headers, json=body)
        await office.all_settled(alice)
    assert verified(receiver.at("/both")[0], new, old, "whsec_" + "A" * 43 + "=") == [True, True, False]


async def test_the_secret_is_shown_once(house, alice):
    key = {**alice.headers, "Idempotency-Key": "the-secret"}
    first, again = [await house.client.post("/v1/webhook-secret", headers=key) for _ in range(2)]
    assert first.json()["secret"].startswith("whsec_") and not first.json()["secret_shown"]
    assert again.json() == {**first.json(), "secret": None, "secret_shown": True}


async def test_every_way_inside_is_refused_when_it_is_asked_for(house, alice):
    """Those that need no resolver of their own; the rest of the table is tried where the resolver is the test's."""
    await secret_of(house, alice)
    numeric = [case for case in CASES if ".example" not in case.url and len(case.url) <= 2_048 and case.url.isprintable() and case.url]
    assert len(numeric) >= 60
    for case in numeric:
        for path, body in (("/v1/generations", {**ASKED, "webhook_url": case.url}), ("/v1/webhook-endpoints", {"url": case.url})):
            body = body if "kind" in body else {**body, "events": ["generation.queued"]}
            answer = await house.client.post(path, headers=alice.headers, json=body)
            assert answer.status_code == 422, case.name
            assert problem(answer, 422, "url_refused")["detail"] == f"The URL is refused: {case.rule}."
    assert (await house.client.get("/v1/webhook-endpoints", headers=alice.headers)).json()["data"] == []


async def test_the_url_stands_nowhere_in_the_clear(house, alice, office, receiver):
    await secret_of(house, alice)
    body = {**ASKED, "webhook_url": receiver.script("/only-mine")}
    await house.client.post("/v1/generations", headers=alice.headers, json=body)
    await office.endpoint(alice, receiver.script("/only-mine-too"))
    await office.catch_up()
    for table in ("journal.events", "read.generations_v1", "read.webhook_endpoints_v1", "webhooks.deliveries", "webhooks.generations"):
        assert await office.rows(f"SELECT 1 FROM {table} t WHERE t::text LIKE '%%only-mine%%'") == [], table
