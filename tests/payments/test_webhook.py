"""From the request to buy to the credits, over the real API and a real server in Stripe's place."""

from uuid import UUID, uuid4

import psycopg
import pytest
import structlog

from tests.support.api_house import open_house
from tests.support.stripe_courier import PATH, body, header
from tests.support.stripe_server import WEBHOOK_SECRET
from tests.support.stripe_shop import PURCHASES, SUBSCRIPTIONS, Shop, open_shop

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_package_is_bought_paid_and_granted(shop: Shop):
    person = await shop.buyer()
    answer = await shop.buy(person, "standard")
    bought = answer.json()
    assert (answer.status_code, bought["status"], bought["method"]) == (201, "pending", "stripe")
    page = bought["checkout_url"].rpartition("/")[2]
    session = shop.book.things[page]
    assert (session["amount_total"], session["currency"], session["client_reference_id"]) == (999, "usd", bought["id"])
    assert await shop.balance(person) == (0, 0, 0)

    await shop.courier.bring_all(shop.book.pay(page))

    assert await shop.balance(person) == (250, 0, 0)
    paid = await shop.shown(person, f"{PURCHASES}/{bought['id']}")
    assert (paid["status"], paid["refunded_amount"], paid["checkout_url"]) == ("paid", 0, None)
    (grant,) = await shop.grants(person)
    assert (grant["amount"], grant["order_id"]) == (250, bought["id"])


async def test_the_redirect_alone_gives_nothing_and_the_till_does_not_exist(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    shop.book.pay(page)
    answer = await shop.house.client.post(f"{PURCHASES}/{order}/pay", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await shop.standing(person, order) == ("pending", 0, 0, 0)


async def test_a_repeated_request_has_the_same_page_and_one_order(shop: Shop):
    person = await shop.buyer()
    first, again = [await shop.buy(person, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_while_stripe_is_away_the_order_stands_and_the_repeat_goes_on_with_it(shop: Shop):
    person = await shop.buyer()
    shop.stripe.behave("401", "401")
    refused = await shop.buy(person, **{"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (503, "payments_unavailable")
    assert "secret words" not in refused.text and int(refused.headers["retry-after"]) > 0
    answer = await shop.buy(person, **{"Idempotency-Key": "k"})
    assert answer.status_code == 201
    page = answer.json()["checkout_url"].rpartition("/")[2]
    await shop.courier.bring_all(shop.book.pay(page))
    assert await shop.balance(person) == (100, 0, 0)


async def test_a_lost_answer_of_stripe_opens_no_second_page(shop: Shop):
    person = await shop.buyer()
    before = len(shop.book.of_kind("checkout.session"))
    shop.stripe.behave("cut done", "500 done", "well")
    await shop.bought(person)
    assert len(shop.book.of_kind("checkout.session")) == before + 1


async def test_a_message_taken_twice_says_so(shop: Shop):
    person = await shop.buyer()
    _, page = await shop.bought(person)
    message = shop.book.pay(page)[-1]
    answers = [await shop.courier.bring(message) for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"taken": 1}), (200, {"taken": 0}), (200, {"taken": 0})]
    assert await shop.balance(person) == (100, 0, 0)


@pytest.mark.parametrize(
    ("field", "value", "what"), [("amount_total", 498, "amount"), ("amount_total", 0, "amount"), ("currency", "jpy", "currency")]
)
async def test_other_money_than_was_asked_for_grants_nothing_and_an_operator_sees_it(shop: Shop, field, value, what):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    message = shop.book.pay(page, **{field: value})[-1]
    with structlog.testing.capture_logs() as lines:
        answers = [await shop.courier.bring(message) for _ in range(2)]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "payment_mismatch")] * 2
    assert answers[0].json()["what"] == what
    told = [line for line in lines if line["event"] == "payment refused"]
    assert [(line["log_level"], line["code"]) for line in told] == [("error", "payment_mismatch")] * 2
    assert {(line["heard"]["order_id"], line["heard"]["reference"]) for line in told} == {(order, page)}
    assert await shop.standing(person, order) == ("pending", 0, 0, 0)


async def test_a_rehearsal_pays_nothing_where_money_is_real_and_the_other_way_round(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    message = shop.book.pay(page)[-1] | {"livemode": True}
    answer = await shop.courier.bring(message)
    assert (answer.status_code, answer.json()["code"], answer.json()["what"]) == (409, "payment_mismatch", "livemode")
    shop.book.things[page]["livemode"] = True
    answer = await shop.courier.bring(message | {"livemode": False})
    assert (answer.status_code, answer.json()["what"]) == (409, "livemode")
    assert await shop.standing(person, order) == ("pending", 0, 0, 0)


async def test_forged_messages_are_refused_and_nothing_is_asked_for_them(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    message = shop.book.pay(page)[-1]
    asked = len(shop.stripe.requests)
    for _ in range(30):
        await shop.courier.forge(message)
    raw = body(message)
    for headers in ({}, {"Stripe-Signature": ""}, [("Stripe-Signature", header(raw)), ("Stripe-Signature", header(raw))]):
        answer = await shop.house.client.post(PATH, content=raw, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "signature_refused")
        assert answer.headers["content-type"] == "application/problem+json"
    assert len(shop.stripe.requests) == asked
    assert await shop.standing(person, order) == ("pending", 0, 0, 0)


async def test_whoever_knows_the_webhook_secret_still_cannot_make_money(shop: Shop):
    """The message only says where to look."""
    person = await shop.buyer()
    order, page = await shop.bought(person)
    session = shop.book.shown(shop.book.things[page], []) | {"status": "complete", "payment_status": "paid"}
    answer = await shop.courier.bring(shop.book.message("checkout.session.completed", session))
    assert (answer.status_code, answer.json()) == (200, {"taken": 0})
    assert await shop.standing(person, order) == ("pending", 0, 0, 0)


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 5_000, b'{"id":"evt_1","type":"invoice.paid","livemode":false}']
)
async def test_another_shape_is_a_400_never_a_500(shop: Shop, raw):
    answer = await shop.courier.send(raw, header(raw))
    assert (answer.status_code, answer.json()["code"]) == (400, "message_unreadable")


async def test_a_body_that_is_too_long_is_refused_before_it_is_signed(shop: Shop):
    raw = b" " * 1_100_000
    answer = await shop.courier.send(raw, header(raw))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_types_that_do_not_matter_are_taken(shop: Shop):
    answer = await shop.courier.bring({"id": "evt_x", "type": "customer.created", "livemode": False, "data": {"object": {}}})
    assert (answer.status_code, answer.json()) == (200, {"taken": 0})


async def test_an_idempotency_key_and_a_token_make_no_difference(shop: Shop):
    person = await shop.buyer()
    _, page = await shop.bought(person)
    raw = body(shop.book.pay(page)[-1])
    headers = {"Stripe-Signature": header(raw), "Idempotency-Key": "same", "Authorization": "Bearer nonsense"}
    answers = [await shop.house.client.post(PATH, content=raw, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "idempotency-replayed" not in answers[1].headers


async def test_what_our_log_does_not_know_is_refused_loudly(shop: Shop):
    """As after a restore from a backup: money came for an order that is lost."""
    person = await shop.buyer()
    _, page = await shop.bought(person)
    message = shop.book.pay(page)[-1]
    shop.book.things[page]["metadata"] = {"daybook_order_id": str(uuid4())}
    with structlog.testing.capture_logs() as lines:
        answer = await shop.courier.bring(message)
    assert (answer.status_code, answer.json()["code"]) == (404, "purchase_not_found")
    assert [line["code"] for line in lines if line["event"] == "payment refused"] == ["purchase_not_found"]


async def test_so_is_a_subscription_that_our_log_does_not_know(shop: Shop):
    _, page = await shop.subscribed(await shop.buyer())
    messages = shop.book.begin(page)
    lost = {"daybook_subscription_id": str(uuid4())}
    shop.book.things[shop.subscription_of(page)]["metadata"] = lost
    shop.book.of_kind("invoice")[0]["parent"]["subscription_details"]["metadata"] = lost
    with structlog.testing.capture_logs() as lines:
        answers = [await shop.courier.bring(message) for message in messages]
    codes = [answer.json().get("code") for answer in answers]
    assert codes == ["subscription_not_found", None, "subscription_not_found", "subscription_not_found"]
    assert {line["heard"]["subscription_id"] for line in lines if line["event"] == "payment refused"} == {
        UUID(lost["daybook_subscription_id"])
    }


async def test_while_stripe_cannot_be_asked_the_message_is_to_be_sent_again(shop: Shop):
    person = await shop.buyer()
    _, page = await shop.bought(person)
    message = shop.book.pay(page)[-1]
    shop.stripe.behave("401")
    answer = await shop.courier.bring(message)
    assert (answer.status_code, answer.json()["code"]) == (503, "payments_unavailable")
    assert "retry-after" in answer.headers
    await shop.courier.insist(message)
    assert await shop.balance(person) == (100, 0, 0)


async def test_while_the_database_is_away_the_message_is_to_be_sent_again(shop: Shop, monkeypatch):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    message = shop.book.pay(page)[-1]
    journal = shop.house.platform.journal

    async def away(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("the connection is lost, and this sentence is told to nobody")

    for name in ("load", "execute"):
        with monkeypatch.context() as patch:
            patch.setattr(journal, name, away)
            answer = await shop.courier.bring(message)
        assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
        assert "connection" not in answer.text
    assert await shop.standing(person, order) == ("pending", 0, 0, 0)
    await shop.courier.insist(message)
    assert await shop.balance(person) == (100, 0, 0)


async def test_secrets_can_be_exchanged_without_losing_a_message(shop: Shop, database_url, redis_url, database_folder):
    both = ("whsec_the_next_one_0123", WEBHOOK_SECRET)
    async with open_shop(database_url, redis_url, database_folder, secrets=both) as other:
        person = await other.buyer()
        for secret in both:
            _, page = await other.bought(person)
            raw = body(other.book.pay(page)[-1])
            assert (await other.courier.send(raw, header(raw, secret=secret))).status_code == 200
        assert (await other.courier.send(raw, header(raw, secret="whsec_the_last_one_0123"))).status_code == 400
        assert await other.balance(person) == (200, 0, 0)


async def test_a_page_that_was_left_cancels_the_order(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    await shop.courier.bring_all(shop.book.leave(page))
    assert await shop.standing(person, order) == ("canceled", 0, 0, 0)


async def test_refunds_take_the_share_of_the_credits_that_went_back(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    await shop.courier.bring_all(shop.book.pay(page))
    payment = shop.payment_of(page)
    await shop.courier.bring_all(shop.book.refund(payment, 100))
    assert await shop.standing(person, order) == ("paid", 80, 0, 0)
    await shop.courier.bring_all(shop.book.refund(payment, 399))
    assert await shop.standing(person, order) == ("refunded", 0, 0, 0)


async def test_a_refund_that_failed_gives_back_what_it_took(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    await shop.courier.bring_all(shop.book.pay(page))
    payment = shop.payment_of(page)
    await shop.courier.bring_all(shop.book.refund(payment, 499, status="pending"))
    assert await shop.standing(person, order) == ("refunded", 0, 0, 0)
    await shop.courier.bring_all(shop.book.fail_refund(shop.refunds_of(payment)[0]))
    assert await shop.standing(person, order) == ("paid", 100, 0, 0)


async def test_a_dispute_takes_the_credits_until_it_is_won(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    await shop.courier.bring_all(shop.book.pay(page))
    payment = shop.payment_of(page)
    await shop.courier.bring_all(shop.book.dispute(payment, 499, status="warning_needs_response"))
    assert await shop.standing(person, order) == ("paid", 100, 0, 0)
    shop.book.things[shop.dispute_of(payment)]["status"] = "needs_response"
    moved = shop.book.message("charge.dispute.funds_withdrawn", shop.book.things[shop.dispute_of(payment)])
    await shop.courier.bring_all([moved])
    assert (await shop.balance(person)) == (0, 0, 0)
    await shop.courier.bring_all(shop.book.close_dispute(shop.dispute_of(payment), "won"))
    assert await shop.standing(person, order) == ("paid", 100, 0, 0)


async def test_what_was_spent_is_owed_after_a_refund(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    await shop.courier.bring_all(shop.book.pay(page))
    for _ in range(2):
        await shop.house.finished(person)
    assert await shop.balance(person) == (90, 0, 0)
    await shop.courier.bring_all(shop.book.refund(shop.payment_of(page), 499))
    assert await shop.standing(person, order) == ("refunded", 0, 0, -10)


async def test_a_subscription_is_paid_renewed_made_up_for_and_ended(shop: Shop):
    person = await shop.buyer()
    subscription, page = await shop.subscribed(person)
    answers = [await shop.courier.bring(message) for message in shop.book.begin(page)]
    # Created: it is ours. The page gives nothing, the invoice does, and what is said again says nothing.
    assert [(answer.status_code, answer.json()["taken"]) for answer in answers] == [(200, 1), (200, 0), (200, 1), (200, 0)]
    assert await shop.standing(person, subscription) == ("active", 500, 0, 0)
    own = shop.subscription_of(page)
    await shop.courier.bring_all(shop.book.renew(own))
    assert await shop.standing(person, subscription) == ("active", 1_000, 0, 0)
    await shop.courier.bring_all(shop.book.fail_to_renew(own))
    assert await shop.standing(person, subscription) == ("past_due", 1_000, 0, 0)
    await shop.courier.bring_all(shop.book.make_up(own))
    assert await shop.standing(person, subscription) == ("active", 1_500, 0, 0)
    await shop.courier.bring_all(shop.book.end(own))
    assert await shop.standing(person, subscription) == ("canceled", 1_500, 0, 0)
    grants = await shop.grants(person)
    assert [(grant["amount"], grant["order_id"]) for grant in grants] == [(500, str(subscription))] * 3


async def test_a_canceled_subscription_is_told_to_stripe_and_ends_with_its_period(shop: Shop):
    person = await shop.buyer()
    subscription, page = await shop.subscribed(person)
    await shop.courier.bring_all(shop.book.begin(page))
    answer = await shop.house.client.post(f"{SUBSCRIPTIONS}/{subscription}/cancel", headers=person.headers)
    assert answer.status_code == 200, answer.text
    own = shop.subscription_of(page)
    assert shop.book.things[own]["cancel_at_period_end"] is True
    await shop.courier.bring_all([shop.book.message("customer.subscription.updated", shop.book.things[own])])
    assert await shop.standing(person, subscription) == ("active", 500, 0, 0)
    shown = await shop.shown(person, f"{SUBSCRIPTIONS}/{subscription}")
    assert shown["cancel_at_period_end"] is True
    await shop.courier.bring_all(shop.book.end(own))
    assert (await shop.standing(person, subscription))[0] == "canceled"


async def test_what_is_canceled_before_it_was_paid_can_not_be_paid_any_more(shop: Shop):
    person = await shop.buyer()
    subscription, page = await shop.subscribed(person)
    answer = await shop.house.client.post(f"{SUBSCRIPTIONS}/{subscription}/cancel", headers=person.headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert shop.book.things[page]["status"] == "expired"
    await shop.courier.bring_all([shop.book.message("checkout.session.expired", shop.book.things[page])])
    assert await shop.standing(person, subscription) == ("canceled", 0, 0, 0)
    await shop.subscribed(person)


async def test_while_stripe_is_away_nothing_is_called_canceled(shop: Shop):
    person = await shop.buyer()
    subscription, page = await shop.subscribed(person)
    await shop.courier.bring_all(shop.book.begin(page))
    shop.stripe.behave("401")
    answer = await shop.house.client.post(f"{SUBSCRIPTIONS}/{subscription}/cancel", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "payments_unavailable")
    shown = await shop.shown(person, f"{SUBSCRIPTIONS}/{subscription}")
    assert (shown["status"], shown["cancel_at_period_end"]) == ("active", False)


async def test_the_refund_of_a_period_takes_its_credits(shop: Shop):
    person = await shop.buyer()
    subscription, page = await shop.subscribed(person)
    await shop.courier.bring_all(shop.book.begin(page))
    invoice = shop.book.of_kind("invoice")[0]
    payment = invoice["payments"]["data"][0]["payment"]["payment_intent"]
    await shop.courier.bring_all(shop.book.refund(payment, 1_499))
    assert await shop.standing(person, subscription) == ("active", 0, 0, 0)


async def test_of_credits_that_lapsed_a_refund_takes_nothing_and_nothing_is_owed(shop: Shop):
    person = await shop.buyer()
    subscription, page = await shop.subscribed(person)
    messages = shop.book.begin(page)
    invoice = shop.book.of_kind("invoice")[0]
    # The message was under way for longer than its period.
    invoice["lines"]["data"][0]["period"] = {"start": shop.book.now() - 3 * 86_400, "end": shop.book.now() - 86_400}
    await shop.courier.bring_all(messages)
    assert await shop.standing(person, subscription) == ("active", 0, 0, 0)
    payment = invoice["payments"]["data"][0]["payment"]["payment_intent"]
    await shop.courier.bring_all(shop.book.refund(payment, 1_499))
    assert await shop.standing(person, subscription) == ("active", 0, 0, 0)


async def test_without_stripe_the_webhook_does_not_exist(database_url, redis_url, database_folder):
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off") as house:
        answer = await house.client.post(PATH, content=b"{}", headers={"Stripe-Signature": header(b"{}")})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_all_of_it_agrees_in_the_end(shop: Shop):
    assert (await shop.audited()).ok
