"""Subscriptions over HTTP, at the test till."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.subscriptions.commands import EndSubscription, FailPeriod
from infra.payments.till import TestTill
from tests.support.api_words import key, problem, same_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/subscriptions"


async def subscribe(house, person, plan="premium", *, headers=None, **fields):
    return await house.client.post(PATH, json={"plan": plan, **fields}, headers={**person.headers, **(headers or {})})


async def post(house, person, found, what, **headers):
    return await house.client.post(f"{PATH}/{found['id']}/{what}", headers={**person.headers, **headers})


async def show(house, person, found):
    return (await house.client.get(f"{PATH}/{found['id']}", headers=person.headers)).json()


async def own(house, person):
    return (await house.client.get("/v1/me", headers=person.headers)).json()["subscription"]


async def balance(house, person):
    return (await house.client.get("/v1/credits/balance", headers=person.headers)).json()


async def test_the_plans_are_price_book_one(house):
    answer = await house.client.get(f"{PATH}/plans")
    rows = answer.json()["data"]
    found = [(row["id"], row["credits"], row["price"]["amount"], row["price"]["currency"], row["interval"]) for row in rows]
    assert found == [("premium", 500, 1499, "USD", "month"), ("pro", 2000, 4999, "USD", "month")]


async def test_a_subscription_begins_with_its_first_payment_and_its_credits_last_until_the_period_ends(house):
    person = await house.person(credits=0)
    answer = await subscribe(house, person)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"http://daybook.test{PATH}/{found['id']}"
    assert (found["status"], found["periods_paid"], found["current_period_end"]) == ("pending", 0, None)
    assert found["checkout_url"] == f"http://daybook.test{PATH}/{found['id']}/pay"
    assert (await own(house, person))["status"] == "pending"

    paid = (await post(house, person, found, "pay")).json()
    assert (paid["status"], paid["periods_paid"], paid["checkout_url"]) == ("active", 1, None)
    begin, end = (datetime.fromisoformat(paid[name]) for name in ("current_period_start", "current_period_end"))
    assert timedelta(days=28) <= end - begin <= timedelta(days=31)
    held = await balance(house, person)
    assert held["available"] == 500
    assert held["expiring"] == [{"amount": 500, "expires_at": paid["current_period_end"]}]
    assert await own(house, person) == {
        "id": found["id"],
        "plan": "premium",
        "status": "active",
        "current_period_end": paid["current_period_end"],
        "cancel_at_period_end": False,
    }


async def test_paying_the_first_period_twice_grants_once(house):
    person = await house.person(credits=0)
    found = (await subscribe(house, person)).json()
    for _ in range(2):
        assert (await post(house, person, found, "pay")).status_code == 200
    assert (await balance(house, person))["available"] == 500


async def test_a_replay_gives_the_same_bytes(house):
    person = await house.person(credits=0)
    headers = {"Idempotency-Key": key()}
    first = await subscribe(house, person, headers=headers)
    await post(house, person, first.json(), "pay")
    again = await subscribe(house, person, headers=headers)
    assert same_answer(first, again)
    assert again.headers["idempotency-replayed"] == "true"


async def test_an_account_has_one_subscription_at_a_time(house):
    person = await house.person(credits=0)
    found = (await subscribe(house, person)).json()
    problem(await subscribe(house, person, "pro"), 409, "subscription_exists")
    assert (await post(house, person, found, "cancel")).json()["status"] == "canceled"
    assert await own(house, person) is None
    assert (await subscribe(house, person, "pro")).status_code == 201


async def test_canceling_keeps_what_is_paid_for(house):
    person = await house.person(credits=0)
    found = (await subscribe(house, person)).json()
    await post(house, person, found, "pay")
    headers = {"Idempotency-Key": key()}
    canceled = await post(house, person, found, "cancel", **headers)
    assert canceled.status_code == 200
    assert (canceled.json()["status"], canceled.json()["cancel_at_period_end"], canceled.json()["ended_at"]) == ("active", True, None)
    assert same_answer(canceled, await post(house, person, found, "cancel", **headers))
    assert (await post(house, person, found, "cancel")).json() == canceled.json()
    assert (await balance(house, person))["available"] == 500
    assert (await own(house, person))["cancel_at_period_end"] is True


async def test_canceling_tells_the_payment_service_first(house):
    person = await house.person(credits=0)
    found = (await subscribe(house, person)).json()
    await post(house, person, found, "pay")
    platform, told = house.app.ctx.kit.platform, Listening("http://daybook.test")
    house.app.ctx.kit.platform = replace(platform, payments=told)
    try:
        await post(house, person, found, "cancel")
    finally:
        house.app.ctx.kit.platform = platform
    assert told.canceled == [f"test_{found['id']}"]


async def test_a_payment_that_did_not_come_is_shown(house):
    person = await house.person(credits=0)
    found = (await subscribe(house, person)).json()
    await post(house, person, found, "pay")
    late = FailPeriod(subscription_id=UUID(found["id"]), account_id=person.account_id, invoice="in_2", at=house.platform.clock.now())
    await house.execute(late)
    assert (await show(house, person, found))["status"] == "past_due"
    assert (await own(house, person))["status"] == "past_due"


async def test_what_has_ended_cannot_be_paid(house):
    person = await house.person(credits=0)
    found = (await subscribe(house, person)).json()
    await house.execute(EndSubscription(subscription_id=UUID(found["id"]), account_id=person.account_id, cause="expired"))
    problem(await post(house, person, found, "pay"), 409, "subscription_ended")
    shown = await show(house, person, found)
    assert (shown["status"], shown["checkout_url"]) == ("canceled", None)
    assert shown["ended_at"] is not None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"plan": "nothing"}, "plan_not_found"),
        ({"plan": "premium", "method": "stripe"}, "method_not_offered"),
        ({"plan": "premium", "success_url": "javascript:alert(1)"}, "url_refused"),
        ({"package": "starter"}, "validation_failed"),
    ],
)
async def test_what_cannot_be_subscribed_to_says_why(house, bob, body, code):
    problem(await house.client.post(PATH, json=body, headers=bob.headers), 422, code)


async def test_subscriptions_are_listed_newest_first_and_by_status(house):
    person = await house.person(credits=0)
    ids = []
    for _ in range(3):
        ids.append((await subscribe(house, person)).json()["id"])
        await post(house, person, {"id": ids[-1]}, "cancel")
    last = (await subscribe(house, person)).json()["id"]
    listed = (await house.client.get(PATH, params={"limit": 3}, headers=person.headers)).json()
    assert [row["id"] for row in listed["data"]] == [last, ids[2], ids[1]]
    assert listed["next_cursor"] is not None
    pending = (await house.client.get(PATH, params={"status": "pending"}, headers=person.headers)).json()
    assert [row["id"] for row in pending["data"]] == [last]


async def test_somebody_elses_subscription_is_absent(house, bob):
    person = await house.person(credits=0)
    found = (await subscribe(house, person)).json()
    problem(await house.client.get(f"{PATH}/{found['id']}", headers=bob.headers), 404, "subscription_not_found")
    for what in ("pay", "cancel"):
        problem(await post(house, bob, found, what), 404, "subscription_not_found")


async def test_where_real_money_is_taken_there_is_no_test_till(house):
    person = await house.person(credits=0)
    found = (await subscribe(house, person)).json()
    platform, elsewhere = house.app.ctx.kit.platform, Listening("http://daybook.test")
    elsewhere.name = "stripe"
    house.app.ctx.kit.platform = replace(platform, payments=elsewhere)
    try:
        problem(await post(house, person, found, "pay"), 404, "not_found")
    finally:
        house.app.ctx.kit.platform = platform


class Listening(TestTill):
    """Remembers what it was told to end."""

    def __init__(self, public_url):
        super().__init__(public_url)
        self.canceled = []

    async def cancel_at_period_end(self, reference):
        self.canceled.append(reference)
