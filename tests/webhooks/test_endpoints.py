"""Webhook endpoints over the API: what is shown and what never is, secrets, tests, redeliveries, and whose they are."""

import asyncio

import pytest

from domain.kernel.limits import WEBHOOK_ENDPOINTS_MAX
from tests.support.api_words import problem
from tests.support.webhook_receiver import verified

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/v1/webhook-endpoints"


def body_of(url: str, *events: str, **more: str) -> dict[str, object]:
    return {"url": url, "events": list(events or ("generation.queued",)), **more}


async def test_an_endpoint_is_added_shown_listed_changed_and_deleted(house, alice, receiver):
    url = receiver.origin + "/a?token=t"
    made = await house.client.post(PATH, headers=alice.headers, json=body_of(url, "asset.created", "asset.created", description="ours"))
    assert made.status_code == 201
    endpoint = made.json()
    secret = endpoint.pop("secret")
    assert secret.startswith("whsec_") and endpoint.pop("secret_shown") is False
    assert (endpoint["url"], endpoint["events"], endpoint["description"]) == (url, ["asset.created"], "ours")
    assert (endpoint["enabled"], endpoint["disabled_cause"], endpoint["secret_overlap_until"]) == (True, None, None)
    own = f"{PATH}/{endpoint['id']}"
    assert made.headers["location"].endswith(own)
    shown = await house.client.get(own, headers=alice.headers)
    assert shown.json() == endpoint
    listed = await house.client.get(PATH, headers=alice.headers)
    assert (listed.json()["data"], listed.json()["next_cursor"]) == ([endpoint], None)
    patch = {"events": ["credits.low"], "description": None, "url": receiver.origin + "/b"}
    changed = await house.client.patch(own, headers={**alice.headers, "If-Match": shown.headers["etag"]}, json=patch)
    assert (changed.json()["events"], changed.json()["description"], changed.json()["url"]) == (["credits.low"], None, patch["url"])
    stale = await house.client.patch(own, headers={**alice.headers, "If-Match": shown.headers["etag"]}, json={"enabled": False})
    assert stale.status_code == 412
    off = await house.client.patch(own, headers=alice.headers, json={"enabled": False})
    assert (off.json()["enabled"], off.json()["disabled_cause"]) == (False, "owner")
    assert problem(await house.client.post(f"{own}/test", headers=alice.headers), 409, "webhook_endpoint_disabled")
    assert (await house.client.get(own, headers=alice.headers)).json() == off.json()
    assert (await house.client.delete(own, headers=alice.headers)).status_code == 204
    assert problem(await house.client.get(own, headers=alice.headers), 404, "webhook_endpoint_not_found")
    assert (await house.client.get(PATH, headers=alice.headers)).json()["data"] == []


async def test_a_secret_is_shown_once_and_in_a_replay_never(house, alice, receiver):
    headers = {**alice.headers, "Idempotency-Key": "one-endpoint"}
    first, again = [await house.client.post(PATH, headers=headers, json=body_of(receiver.origin)) for _ in range(2)]
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == {**first.json(), "secret": None, "secret_shown": True}
    own = f"{PATH}/{first.json()['id']}"
    headers["Idempotency-Key"] = "one-rotation"
    rotated, again = [await house.client.post(f"{own}/rotate-secret", headers=headers, json={"overlap_seconds": 60}) for _ in range(2)]
    assert rotated.json()["secret"] not in (None, first.json()["secret"])
    assert rotated.json()["secret_overlap_until"] is not None
    assert again.json() == {**rotated.json(), "secret": None, "secret_shown": True}
    assert (await house.client.get(own, headers=alice.headers)).json()["secret_overlap_until"] == rotated.json()["secret_overlap_until"]
    too_long = await house.client.post(f"{own}/rotate-secret", headers=alice.headers, json={"overlap_seconds": 86_401})
    assert problem(too_long, 422, "validation_failed")
    void = await house.client.post(f"{own}/rotate-secret", headers=alice.headers, json={})
    assert void.json()["secret_overlap_until"] is None


async def test_while_secrets_overlap_both_sign(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/overlap"))
    own = f"{PATH}/{endpoint['id']}"
    rotated = (await house.client.post(f"{own}/rotate-secret", headers=alice.headers, json={"overlap_seconds": 3_600})).json()
    async with office.sending():
        await house.client.post(f"{own}/test", headers=alice.headers)
        await office.settled(alice, endpoint, 1)
        at_once = (await house.client.post(f"{own}/rotate-secret", headers=alice.headers, json={})).json()
        await house.client.post(f"{own}/test", headers=alice.headers)
        await office.settled(alice, endpoint, 2)
    old, new, newest = endpoint["secret"], rotated["secret"], at_once["secret"]
    before, after = receiver.at("/overlap")
    assert verified(before, old, new, newest) == [True, True, False]
    # A rotation without an overlap is for a secret that was lost: all before are void.
    assert verified(after, old, new, newest) == [False, False, True]


async def test_a_test_event_is_told_whatever_the_endpoint_asks_for(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/test"), "subscription.updated")
    headers = {**alice.headers, "Idempotency-Key": "one-test"}
    answers = [await house.client.post(f"{PATH}/{endpoint['id']}/test", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    async with office.sending():
        (done,) = await office.settled(alice, endpoint, 1)
    (heard,) = receiver.at("/test")
    assert (heard.type, heard.body["data"]) == ("webhook.test", {"webhook_endpoint_id": endpoint["id"]})
    assert verified(heard, endpoint["secret"]) == [True]
    assert done["id"] == answers[0].json()["delivery_id"] and heard.id == done["webhook_id"]


async def test_a_delivery_can_be_sent_again_with_its_own_id(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/redeliver", 410, then=200), "generation.queued")
    own = f"{PATH}/{endpoint['id']}"
    async with office.sending():
        await house.generation(alice)
        (failed,) = await office.settled(alice, endpoint, 1)
        assert failed["state"] == "failed"
        await house.client.patch(own, headers=alice.headers, json={"enabled": True})
        asked = await house.client.post(f"{own}/deliveries/{failed['id']}/redeliver", headers=alice.headers)
        assert asked.status_code == 202 and asked.json()["delivery_id"] == failed["id"]
        async with asyncio.timeout(10):
            while (done := (await office.deliveries(alice, endpoint))[0])["state"] != "delivered":
                await asyncio.sleep(0.02)
    assert [(each["number"], each["status"]) for each in done["attempts"]] == [(1, 410), (2, 200)]
    assert len({heard.id for heard in receiver.at("/redeliver")}) == 1
    nobodys = await house.client.post(f"{own}/deliveries/{endpoint['id']}/redeliver", headers=alice.headers)
    assert problem(nobodys, 404, "webhook_delivery_not_found")


async def test_deliveries_are_listed_page_by_page_and_by_state(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/pages"))
    for _ in range(5):
        await house.generation(alice)
    await office.catch_up()
    path, seen = f"{PATH}/{endpoint['id']}/deliveries", []
    query: dict[str, object] = {"limit": 2}
    while True:
        page = (await house.client.get(path, headers=alice.headers, params=query)).json()
        seen += page["data"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [each["position"] for each in seen] == sorted((each["position"] for each in seen), reverse=True)
    assert len(seen) == 5 and all(each["attempts"] == [] and each["next_attempt_at"] for each in seen)
    assert await office.deliveries(alice, endpoint, state="failed") == []
    assert len(await office.deliveries(alice, endpoint, state="pending")) == 5


async def test_what_is_disabled_or_deleted_is_sent_nothing_that_waits(house, alice, office, receiver):
    one, two = [await office.endpoint(alice, receiver.script(path)) for path in ("/off", "/deleted")]
    await house.generation(alice)
    await office.catch_up()
    await house.client.patch(f"{PATH}/{one['id']}", headers=alice.headers, json={"enabled": False})
    await house.client.delete(f"{PATH}/{two['id']}", headers=alice.headers)
    async with office.sending():
        (off,) = await office.settled(alice, one, 1)
        await office.all_settled(alice)
    assert (off["state"], off["error"], off["attempts"]) == ("failed", "endpoint_disabled", [])
    assert receiver.at("/off") == receiver.at("/deleted") == []


async def test_what_is_wrong_is_refused_with_its_place(house, alice, receiver):
    for changes, pointer in (({"events": []}, "/events"), ({"events": ["generation.progress"]}, "/events/0"), ({"url": ""}, "/url")):
        answer = await house.client.post(PATH, headers=alice.headers, json={**body_of(receiver.origin), **changes})
        assert problem(answer, 422, "validation_failed")["errors"][0]["pointer"] == pointer
    refused = await house.client.post(PATH, headers=alice.headers, json=body_of("https://169.254.169.254/"))
    assert "169" not in problem(refused, 422, "url_refused")["detail"]


async def test_a_token_tells_nobody_what_it_may_not_read(house, alice, receiver):
    _, headers = await house.api_token(alice, "webhooks:write", "generations:read")
    assert (await house.client.post(PATH, headers=headers, json=body_of(receiver.origin))).status_code == 201
    refused = await house.client.post(PATH, headers=headers, json=body_of(receiver.origin, "generation.queued", "credits.low"))
    assert problem(refused, 403, "scope_missing")["scope"] == "credits:read"


async def test_there_are_so_many_and_no_more_and_others_see_none(house, receiver):
    carol, dave = await house.person(), await house.person()
    made = [await house.client.post(PATH, headers=carol.headers, json=body_of(receiver.origin)) for _ in range(WEBHOOK_ENDPOINTS_MAX)]
    assert {answer.status_code for answer in made} == {201}
    more = await house.client.post(PATH, headers=carol.headers, json=body_of(receiver.origin))
    assert problem(more, 409, "too_many_webhook_endpoints")["limit"] == WEBHOOK_ENDPOINTS_MAX
    own = f"{PATH}/{made[0].json()['id']}"
    for method, path in (("GET", own), ("DELETE", own), ("GET", f"{own}/deliveries"), ("POST", f"{own}/test")):
        assert (await house.client.request(method, path, headers=dave.headers)).status_code == 404
    assert (await house.client.get(PATH, headers=dave.headers)).json()["data"] == []
