"""Buying packages over HTTP, at the test till."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.orders.commands import CancelOrder, ReverseOrder
from domain.payments.ports import Checkout, CheckoutOrder, PaymentsUnavailable
from infra.clock import SystemClock
from infra.payments.till import TestTill
from tests.support.api_words import key, problem, same_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/credits/purchases"


async def buy(house, person, package="starter", *, headers=None, **fields):
    return await house.client.post(PATH, json={"package": package, **fields}, headers={**person.headers, **(headers or {})})


async def pay(house, person, purchase, **headers):
    return await house.client.post(f"{PATH}/{purchase['id']}/pay", headers={**person.headers, **headers})


async def available(house, person):
    return (await house.client.get("/v1/credits/balance", headers=person.headers)).json()["available"]


async def test_the_price_list_is_price_book_one(house):
    answer = await house.client.get("/v1/credits/packages")
    rows = answer.json()["data"]
    found = [(row["id"], row["credits"], row["price"]["amount"], row["price"]["currency"], row["valid_days"]) for row in rows]
    assert found == [("starter", 100, 499, "USD", 365), ("standard", 250, 999, "USD", 365), ("pro", 1000, 2999, "USD", 365)]
    assert {row["price"]["price_version"] for row in rows} == {1}


async def test_a_purchase_is_pending_until_it_is_paid_and_then_grants(house):
    person = await house.person(credits=0)
    answer = await buy(house, person)
    assert answer.status_code == 201, answer.text
    bought = answer.json()
    assert answer.headers["location"] == f"http://daybook.test{PATH}/{bought['id']}"
    assert answer.headers["daybook-position"] == str(bought["position"])
    assert {name: bought[name] for name in ("status", "package", "credits", "method", "refunded_amount", "credits_revoked")} == {
        "status": "pending", "package": "starter", "credits": 100, "method": "test", "refunded_amount": 0, "credits_revoked": 0,
    }  # fmt: skip
    assert bought["price"] == {"amount": 499, "currency": "USD", "price_version": 1}
    assert bought["checkout_url"] == f"http://daybook.test{PATH}/{bought['id']}/pay"
    assert (bought["paid_at"], bought["credits_expire_at"], bought["secret_shown"]) == (None, None, False)
    assert await available(house, person) == 0

    paid = await pay(house, person, bought)
    assert paid.status_code == 200, paid.text
    assert (paid.json()["status"], paid.json()["checkout_url"]) == ("paid", None)
    assert paid.json()["credits_expire_at"] > paid.json()["paid_at"]
    assert await available(house, person) == 100
    [entry] = (await house.client.get("/v1/credits/history", headers=person.headers)).json()["data"]
    assert (entry["type"], entry["amount"], entry["order_id"]) == ("grant", 100, bought["id"])


async def test_paying_twice_grants_once(house):
    person = await house.person(credits=0)
    bought = (await buy(house, person)).json()
    answers = await asyncio.gather(*(pay(house, person, bought) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert await available(house, person) == 100


async def test_a_replay_gives_the_same_bytes_and_buys_nothing(house):
    person = await house.person(credits=0)
    headers = {"Idempotency-Key": key()}
    first = await buy(house, person, headers=headers)
    await pay(house, person, first.json())
    again = await buy(house, person, headers=headers)
    assert same_answer(first, again)
    assert again.headers["idempotency-replayed"] == "true"
    problem(await buy(house, person, "pro", headers=headers), 422, "idempotency_key_reused")
    listed = await house.client.get(PATH, headers=person.headers)
    assert [row["id"] for row in listed.json()["data"]] == [first.json()["id"]]


async def test_a_replay_of_a_payment_gives_the_same_bytes(house):
    person = await house.person(credits=0)
    bought = (await buy(house, person)).json()
    headers = {"Idempotency-Key": key()}
    assert same_answer(await pay(house, person, bought, **headers), again := await pay(house, person, bought, **headers))
    assert again.headers["idempotency-replayed"] == "true"


async def test_past_its_expiry_a_checkout_url_is_shown_no_more(house):
    """By a clock that is a day ahead; what is asked again is not decided again, so the journal does not mind."""
    person = await house.person(credits=0)
    headers = {"Idempotency-Key": key()}
    bought = (await buy(house, person, headers=headers)).json()
    platform = house.app.ctx.kit.platform
    house.app.ctx.kit.platform = replace(platform, clock=Tomorrow())
    try:
        again = (await buy(house, person, headers=headers)).json()
        shown = (await house.client.get(f"{PATH}/{bought['id']}", headers=person.headers)).json()
    finally:
        house.app.ctx.kit.platform = platform
    assert (again["checkout_url"], again["secret_shown"]) == (None, True)
    assert {**again, "checkout_url": bought["checkout_url"], "secret_shown": False} == bought
    assert shown["checkout_url"] is None


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"package": "nothing"}, "package_not_found", "/package"),
        ({"package": "starter", "method": "stripe"}, "method_not_offered", "/method"),
        ({"package": "starter", "method": "cash"}, "validation_failed", "/method"),
        ({"package": "starter", "success_url": "ftp://shop.example"}, "url_refused", "/success_url"),
        ({"package": "starter", "success_url": "http://shop.example/"}, "url_refused", "/success_url"),
        ({"package": "starter", "success_url": "/thanks"}, "url_refused", "/success_url"),
        ({"package": "starter", "cancel_url": "https://user:secret@shop.example/"}, "url_refused", "/cancel_url"),
        ({"package": "starter", "cancel_url": "https://shop.example/a b"}, "url_refused", "/cancel_url"),
        ({"package": "starter", "cancel_url": "https://shop.example\\@elsewhere.example/"}, "url_refused", "/cancel_url"),
        ({"package": "starter", "cancel_url": "https://[half/"}, "url_refused", "/cancel_url"),
        ({"package": "starter", "cancel_url": "https://" + "a" * 2_048}, "validation_failed", "/cancel_url"),
        ({"credits": 100}, "validation_failed", ""),
    ],
)
async def test_what_cannot_be_bought_says_why(house, alice, body, code, pointer):
    refused = problem(await house.client.post(PATH, json=body, headers=alice.headers), 422, code)
    assert refused["errors"][0]["pointer"].startswith(pointer)


@pytest.mark.parametrize(
    "url", ["https://shop.example/thanks?session={CHECKOUT_SESSION_ID}", "http://localhost:3000/ok", "http://127.0.0.1/ok"]
)
async def test_a_buyer_may_be_sent_to_the_web_or_to_his_own_machine(house, alice, url):
    assert (await buy(house, alice, success_url=url, cancel_url=url)).status_code == 201


async def test_purchases_are_listed_newest_first_by_status_and_in_pages(house):
    person = await house.person(credits=0)
    ids = [(await buy(house, person)).json()["id"] for _ in range(3)]
    await pay(house, person, {"id": ids[1]})
    first = (await house.client.get(PATH, params={"limit": 2}, headers=person.headers)).json()
    second = (await house.client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]}, headers=person.headers)).json()
    assert [row["id"] for row in first["data"] + second["data"]] == ids[::-1]
    assert second["next_cursor"] is None
    paid = (await house.client.get(PATH, params={"status": "paid"}, headers=person.headers)).json()
    assert [row["id"] for row in paid["data"]] == [ids[1]]


async def test_a_purchase_has_a_version_and_its_location_is_never_404(house, alice):
    bought = (await buy(house, alice)).json()
    shown = await house.client.get(f"{PATH}/{bought['id']}", headers=alice.headers)
    assert shown.json() == {name: value for name, value in bought.items() if name != "secret_shown"}
    same = await house.client.get(f"{PATH}/{bought['id']}", headers={**alice.headers, "If-None-Match": shown.headers["etag"]})
    assert same.status_code == 304
    unseen = await house.client.get(f"{PATH}/{bought['id']}", headers={**alice.headers, "Daybook-Min-Position": "0"})
    assert unseen.status_code == 200


async def test_somebody_elses_purchase_is_absent(house, alice, bob):
    bought = (await buy(house, alice)).json()
    for answer in (await house.client.get(f"{PATH}/{bought['id']}", headers=bob.headers), await pay(house, bob, bought)):
        problem(answer, 404, "purchase_not_found")
    problem(await pay(house, bob, {"id": str(uuid4())}), 404, "purchase_not_found")


async def test_an_api_token_needs_its_scope(house, alice):
    _, reads = await house.api_token(alice, "credits:read")
    assert (await house.client.get(PATH, headers=reads)).status_code == 200
    problem(await house.client.post(PATH, json={"package": "starter"}, headers=reads), 403, "scope_missing")


async def test_a_canceled_or_refunded_purchase_cannot_be_paid(house):
    person = await house.person(credits=0)
    canceled, refunded = [(await buy(house, person)).json() for _ in range(2)]
    await house.execute(CancelOrder(order_id=UUID(canceled["id"]), account_id=person.account_id, cause="expired"))
    await pay(house, person, refunded)
    back = ReverseOrder(
        order_id=UUID(refunded["id"]),
        account_id=person.account_id,
        reversal="re",
        kind="refund",
        total=499,
        currency="USD",
        livemode=False,
    )
    await house.execute(back)
    for bought, status in ((canceled, "canceled"), (refunded, "refunded")):
        refused = problem(await pay(house, person, bought), 409, "purchase_closed")
        assert refused["status"] == 409
        shown = (await house.client.get(f"{PATH}/{bought['id']}", headers=person.headers)).json()
        assert (shown["status"], shown["checkout_url"]) == (status, None)
    assert (shown["refunded_amount"], shown["credits_revoked"]) == (499, 100)
    assert await available(house, person) == 0


async def test_an_answer_that_was_lost_at_the_payment_service_is_made_up_for_by_the_next(house):
    person = await house.person(credits=0)
    headers = {"Idempotency-Key": key()}
    platform = house.app.ctx.kit.platform
    house.app.ctx.kit.platform = replace(platform, payments=Away(platform.public_url))
    try:
        problem(await buy(house, person, headers=headers), 503, "payments_unavailable")
    finally:
        house.app.ctx.kit.platform = platform
    again = await buy(house, person, headers=headers)
    assert again.status_code == 201
    assert again.json()["checkout_url"] is not None
    assert len((await house.client.get(PATH, headers=person.headers)).json()["data"]) == 1


async def test_where_real_money_is_taken_there_is_no_test_till(house, alice):
    bought = (await buy(house, alice)).json()
    platform = house.app.ctx.kit.platform
    house.app.ctx.kit.platform = replace(platform, payments=Elsewhere(platform.public_url))
    try:
        problem(await pay(house, alice, bought), 404, "not_found")
    finally:
        house.app.ctx.kit.platform = platform


class Tomorrow(SystemClock):
    def now(self):
        return super().now() + timedelta(days=1)


class Away(TestTill):
    async def checkout(self, order: CheckoutOrder) -> Checkout:
        raise PaymentsUnavailable(retry_after=1)


class Elsewhere(TestTill):
    name = "stripe"
