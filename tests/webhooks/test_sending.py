"""Webhooks against a real receiver: what it gets, how it may misbehave, and what becomes of it."""

import asyncio
import time

import pytest

from tests.support.webhook_receiver import CLOSE, verified

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIFE = ["generation.queued", "generation.started", "generation.succeeded"]


async def test_an_event_arrives_signed_as_get_shows_it(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/signed"), *LIFE, "asset.created")
    async with office.sending():
        generation_id, _ = await house.finished(alice)
        done = await office.settled(alice, endpoint, 4)
    assert sorted(receiver.types("/signed")) == sorted([*LIFE, "asset.created"])
    for heard in receiver.at("/signed"):
        assert verified(heard, endpoint["secret"], "whsec_" + "A" * 43 + "=") == [True, False]
        assert heard.headers["content-type"] == "application/json"
        assert abs(int(heard.headers["webhook-timestamp"]) - time.time()) < 60
        assert set(heard.body) == {"type", "timestamp", "position", "data"}
        assert "." not in heard.id
    last = next(heard for heard in receiver.at("/signed") if heard.type == "generation.succeeded")
    assert last.body["data"] == (await house.client.get(f"/v1/generations/{generation_id}", headers=alice.headers)).json()
    assert {each["webhook_id"] for each in done} == {heard.id for heard in receiver.at("/signed")}
    assert all(each["state"] == "delivered" and each["attempts"][0]["status"] == 200 for each in done)


async def test_the_events_of_a_generation_arrive_in_order(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/order", 500, 200, 503, CLOSE, 200), *LIFE)
    async with office.sending():
        await house.finished(alice)
        done = await office.settled(alice, endpoint, 3)
    first, second, third = LIFE
    assert receiver.types("/order") == [first, first, second, second, second, third]
    assert [len(each["attempts"]) for each in done] == [2, 3, 1]
    assert not any(each["out_of_order"] for each in done)
    assert len({heard.id for heard in receiver.at("/order")}) == 3


async def test_after_an_hour_the_next_goes_out_of_order(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/hour", 500, then=200), "generation.queued", "generation.started")
    await house.finished(alice)
    await office.catch_up()
    hours = "SELECT extract(epoch FROM due_at - created_at)::int FROM webhooks.deliveries WHERE endpoint_id = %s AND waiting"
    assert await office.rows(hours, endpoint["id"]) == [(3_600,)]
    sender = office.sender(retry_seconds=(600,))
    async with office.sending(sender):
        async with asyncio.timeout(10):
            while len(receiver.at("/hour")) < 1:
                await asyncio.sleep(0.01)
        passed = "UPDATE webhooks.deliveries SET due_at = now() WHERE endpoint_id = %s AND waiting RETURNING 1"
        await office.rows(passed, endpoint["id"])
        done = await office.settled(alice, endpoint, 1)
    assert [(each["type"], each["state"], each["out_of_order"]) for each in done] == [
        ("generation.queued", "pending", False),
        ("generation.started", "delivered", True),
    ]
    assert receiver.at("/hour")[-1].body["out_of_order"] is True
    assert "out_of_order" not in receiver.at("/hour")[0].body
    assert verified(receiver.at("/hour")[-1], endpoint["secret"]) == [True]


@pytest.mark.parametrize("answer", [500, 404, (302, {"Location": "/elsewhere"}), CLOSE])
async def test_what_is_not_taken_is_tried_again_with_the_same_id(house, alice, office, receiver, answer):
    path = f"/again-{answer if not isinstance(answer, tuple) else answer[0]}"
    endpoint = await office.endpoint(alice, receiver.script(path, answer, answer))
    async with office.sending():
        await house.generation(alice)
        (done,) = await office.settled(alice, endpoint, 1)
    heard = receiver.at(path)
    assert len(heard) == 3 and {each.id for each in heard} == {done["webhook_id"]}
    status = answer if isinstance(answer, int) else answer[0] if isinstance(answer, tuple) else None
    tries = [(each["number"], each["status"], each["error"]) for each in done["attempts"]]
    error = None if status else "unreachable"
    assert tries == [(1, status, error), (2, status, error), (3, 200, None)]
    assert receiver.at("/elsewhere") == []
    assert "own words" not in str(done)


async def test_retry_after_is_honoured(house, alice, office, receiver):
    later = {"Retry-After": "120"}
    for path, answer, wait in (("/busy", (429, later), 120), ("/away", (503, later), 120), ("/broken", (500, later), 0)):
        endpoint = await office.endpoint(alice, receiver.script(path, answer))
        async with office.sending(office.sender(retry_seconds=(1,))):
            await house.generation(alice)
            async with asyncio.timeout(10):
                while not (await office.deliveries(alice, endpoint)) or not (await office.deliveries(alice, endpoint))[0]["attempts"]:
                    await asyncio.sleep(0.02)
        pause = "SELECT extract(epoch FROM due_at - now())::float FROM webhooks.deliveries WHERE endpoint_id = %s"
        ((left,),) = await office.rows(pause, endpoint["id"])
        assert wait - 30 <= left <= max(wait, 2), path
        await house.client.delete(f"/v1/webhook-endpoints/{endpoint['id']}", headers=alice.headers)


async def test_410_disables_the_endpoint(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/gone", 410))
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    async with office.sending():
        await house.generation(alice)
        (done,) = await office.settled(alice, endpoint, 1)
        shown = (await house.client.get(path, headers=alice.headers)).json()
        assert (shown["enabled"], shown["disabled_cause"], done["state"]) == (False, "gone", "failed")
        await house.generation(alice)
        enabled = await house.client.patch(path, headers=alice.headers, json={"enabled": True})
        assert (enabled.json()["enabled"], enabled.json()["disabled_cause"]) == (True, None)
        await house.generation(alice)
        done_again = await office.settled(alice, endpoint, 2)
    # What happened while it was disabled is not told later.
    assert [each["state"] for each in done_again] == ["failed", "delivered"]


async def test_an_endpoint_that_fails_for_a_whole_schedule_is_disabled_and_the_log_says_so(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/dead", then=500))
    async with office.sending():
        await house.generation(alice)
        (done,) = await office.settled(alice, endpoint, 1)
    assert [len(done["attempts"]), done["state"]] == [4, "failed"]
    shown = (await house.client.get(f"/v1/webhook-endpoints/{endpoint['id']}", headers=alice.headers)).json()
    assert shown["disabled_cause"] == "failing"
    facts = "SELECT actor FROM journal.events WHERE account_id = %s AND topic = 'webhooks.endpoint_disabled'"
    assert await office.rows(facts, alice.account_id) == [("webhooks",)]


async def test_one_that_takes_something_in_between_stays_enabled(house, alice, office, receiver):
    """A delivery that it never takes is given up, but it works."""
    endpoint = await office.endpoint(alice, receiver.script("/picky", 500, 200, 500, 500, 500))
    async with office.sending(office.sender(retry_seconds=(0.05, 0.3, 0.05))):
        await house.generation(alice)
        async with asyncio.timeout(10):
            while len(receiver.at("/picky")) < 1:
                await asyncio.sleep(0.005)
        await house.generation(alice)
        done = await office.settled(alice, endpoint, 2)
    shown = (await house.client.get(f"/v1/webhook-endpoints/{endpoint['id']}", headers=alice.headers)).json()
    assert shown["enabled"]
    assert "delivered" in {each["state"] for each in done}
