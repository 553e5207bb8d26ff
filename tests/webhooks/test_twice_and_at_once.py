"""Whoever is killed, doubled or slow: each event is told under one id, by one sender at a time, and nobody waits for another's endpoint."""

import asyncio
import signal
from datetime import timedelta

import pytest

from domain.erasure.commands import RequestErasure
from infra.webhooks.deliveries import PostgresDeliveries
from tests.support.daybook_command import COMMAND, environ
from tests.support.eventually import eventually
from tests.support.webhook_receiver import HANG

pytestmark = pytest.mark.asyncio(loop_scope="module")
LEASE_OVER = "UPDATE webhooks.deliveries SET lease_until = now() WHERE lease_until IS NOT NULL AND account_id = %s RETURNING 1"


async def test_the_outbox_makes_the_same_deliveries_however_often_it_reads(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/once"), "generation.queued", "generation.succeeded")
    await house.finished(alice)
    await office.catch_up()
    first = await office.rows("SELECT id, event_id, position FROM webhooks.deliveries WHERE endpoint_id = %s ORDER BY 1", endpoint["id"])
    assert len(first) == 2
    # As after a crash between two commits, or a copy of the database that is older: the log is read again.
    await office.rows("UPDATE webhooks.follower SET position = 0 RETURNING 1")
    await asyncio.gather(*(office.catch_up() for _ in range(3)))
    again = await office.rows("SELECT id, event_id, position FROM webhooks.deliveries WHERE endpoint_id = %s ORDER BY 1", endpoint["id"])
    assert again == first
    assert await office.rows("SELECT position FROM webhooks.follower") == [(await house.platform.journal.head(),)]


async def test_what_happened_long_ago_is_not_told(house, alice, office, receiver):
    """A log that comes in whole is history, not news."""
    endpoint = await office.endpoint(alice, receiver.script("/history"))
    await house.generation(alice)
    await office.catch_up(age_max=timedelta(seconds=-60))
    assert await office.deliveries(alice, endpoint) == []


async def test_two_senders_try_each_delivery_once(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/shared"))
    for _ in range(10):
        await house.generation(alice)
    await office.catch_up()
    async with office.sending(), office.sending(), office.sending():
        done = await office.settled(alice, endpoint, 10)
    assert len(receiver.at("/shared")) == len({heard.id for heard in receiver.at("/shared")}) == 10
    assert [len(each["attempts"]) for each in done] == [1] * 10


async def test_claims_are_exclusive_and_bounded_for_each_target(house, alice, office, receiver):
    deliveries = PostgresDeliveries(house.platform.reads, at_once=3)
    await office.endpoint(alice, receiver.script("/bounded"))
    for _ in range(8):
        await house.generation(alice)
    await office.catch_up()
    owners = [house.platform.ids.new() for _ in range(4)]
    claimed = [one for found in await asyncio.gather(*(deliveries.claim(owner, 10) for owner in owners)) for one in found]
    assert len(claimed) == len({one.id for one in claimed}) == 3
    assert len(await office.rows(LEASE_OVER, alice.account_id)) == 3
    again = await deliveries.claim(house.platform.ids.new(), 10)
    assert {one.id for one in again} == {one.id for one in claimed}
    # A lease that was lost: what its owner writes down is nothing any more.
    for owner in owners:
        for one in claimed:
            await deliveries.drop(owner, one)
    assert len(await office.rows("SELECT 1 FROM webhooks.deliveries WHERE id = ANY(%s)", [one.id for one in claimed])) == 3
    await office.rows("DELETE FROM webhooks.deliveries WHERE account_id = %s RETURNING 1", alice.account_id)


async def test_a_slow_endpoint_delays_nobody_else(house, alice, office, receiver):
    bob = await house.person(credits=500)
    slow = await office.endpoint(alice, receiver.script("/slow", then=HANG))
    fast = await office.endpoint(alice, receiver.script("/fast"))
    others = await office.endpoint(bob, receiver.script("/others"))
    async with office.sending():
        for _ in range(12):
            await house.generation(alice)
            await house.generation(bob)
        await asyncio.gather(office.settled(alice, fast, 12), office.settled(bob, others, 12))
        # Its own few slots, and no more.
        assert 1 <= len(receiver.at("/slow")) <= 4
        assert {each["state"] for each in await office.deliveries(alice, slow)} == {"pending"}
        await house.client.delete(f"/v1/webhook-endpoints/{slow['id']}", headers=alice.headers)
        receiver.released.set()
    receiver.released.clear()


async def test_a_sender_that_is_killed_between_sending_and_writing_down_leaves_the_same_id_to_the_next(
    house, alice, office, receiver, database_url, redis_url, database_folder
):
    endpoint = await office.endpoint(alice, receiver.script("/killed", then=HANG))
    await house.generation(alice)
    await office.catch_up()
    settings = environ(
        database_folder,
        DATABASE_URL=database_url,
        REDIS_URL=redis_url,
        DAYBOOK_SECRET_KEY="a secret of the tests, thirty-two bytes",
        DAYBOOK_OUTGOING_ALLOW=receiver.authority,
        DAYBOOK_PUBLIC_URL=house.platform.public_url,
    )
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(COMMAND, "scheduler", env=settings, stdout=quiet, stderr=quiet)
    try:
        await eventually(lambda: len(receiver.at("/killed")) == 1)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    receiver.script("/killed")
    assert len(await office.rows(LEASE_OVER, alice.account_id)) == 1
    async with office.sending():
        (done,) = await office.settled(alice, endpoint, 1)
    first, second = receiver.at("/killed")
    assert first.id == second.id == done["webhook_id"]
    assert first.sent == second.sent
    assert [each["status"] for each in done["attempts"]] == [200]


async def test_a_person_who_is_to_be_forgotten_is_told_nothing_more(house, office, receiver):
    carol = await house.person(credits=100)
    endpoint = await office.endpoint(carol, receiver.script("/carol"))
    await house.generation(carol)
    await office.catch_up()
    await house.execute(RequestErasure(account_id=carol.account_id, by="owner"))
    await office.catch_up()
    assert await office.rows("SELECT 1 FROM webhooks.deliveries WHERE endpoint_id = %s", endpoint["id"]) == []
    assert await office.rows("SELECT 1 FROM webhooks.subscribers WHERE account_id = %s", carol.account_id) == []


async def test_old_deliveries_are_deleted_with_their_tries(house, alice, office, receiver):
    endpoint = await office.endpoint(alice, receiver.script("/old"))
    async with office.sending():
        await house.generation(alice)
        await office.settled(alice, endpoint, 1)
    old = "UPDATE webhooks.deliveries SET created_at = now() - interval '31 days' WHERE endpoint_id = %s RETURNING id"
    ((delivery_id,),) = await office.rows(old, endpoint["id"])
    deliveries = PostgresDeliveries(house.platform.reads)
    assert await deliveries.forget(days=32, limit=10) == 0
    assert await deliveries.forget(days=30, limit=10) == 1
    assert await office.rows("SELECT 1 FROM webhooks.attempts WHERE delivery_id = %s", delivery_id) == []
