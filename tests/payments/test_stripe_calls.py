"""What is asked of Stripe: the forms, repeating where that is safe, giving up in time, and telling nothing of what it said."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog

from domain.kernel.refusals import Refusal
from domain.payments.ports import Checkout, CheckoutOrder, PaymentsRefused, PaymentsUnavailable
from infra.payments.stripe.payments import StripePayments
from tests.support import protocol_server, stripe_server
from tests.support.stripe_server import API_VERSION, SECRET_KEY, WEBHOOK_SECRET, StripeServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = UUID("01936b2e-0000-7000-8000-00000000000d")


def made(stripe: StripeServer, **limits: Any) -> StripePayments:
    limits = {"pauses_seconds": (0.01, 0.01)} | limits
    return StripePayments(secret_key=SECRET_KEY, webhook_secrets=[WEBHOOK_SECRET], base=stripe.base, **limits)


def order(**changes: Any) -> CheckoutOrder:
    values: dict[str, Any] = {
        "purpose": "order",
        "id": ORDER,
        "account_id": uuid4(),
        "title": "250 credits & more = ünïcode",
        "amount": 999,
        "currency": "USD",
        "success_url": "https://example.com/thanks?session={CHECKOUT_SESSION_ID}&a=b",
        "cancel_url": "https://example.com/",
        "expires_at": datetime.now(UTC).replace(microsecond=0) + timedelta(hours=23),
    }
    return CheckoutOrder(**values | changes)


async def test_a_page_for_an_order_is_asked_for_in_a_form_that_names_it(stripe, payments):
    asked = order()
    page = await payments.checkout(asked)
    (sent,) = stripe.requests
    assert (sent.method, sent.path) == ("POST", "/v1/checkout/sessions")
    item = {"currency": "usd", "unit_amount": "999", "product_data": {"name": asked.title}}
    assert sent.form == {
        "mode": "payment",
        "client_reference_id": str(ORDER),
        "success_url": asked.success_url,
        "cancel_url": asked.cancel_url,
        "expires_at": str(int(asked.expires_at.timestamp())),
        "line_items": {"0": {"quantity": "1", "price_data": item}},
        "metadata": {"daybook_order_id": str(ORDER)},
        "payment_intent_data": {"metadata": {"daybook_order_id": str(ORDER)}},
    }
    assert page == Checkout(
        reference=page.reference, url=f"https://checkout.stripe.test/c/pay/{page.reference}", expires_at=asked.expires_at
    )


async def test_a_page_for_a_subscription_takes_the_money_each_month(stripe, payments):
    await payments.subscribe(order(purpose="subscription", monthly=True))
    (sent,) = stripe.requests
    assert sent.form["mode"] == "subscription"
    assert sent.form["line_items"]["0"]["price_data"]["recurring"] == {"interval": "month"}
    assert sent.form["subscription_data"] == {"metadata": {"daybook_subscription_id": str(ORDER)}}
    assert "payment_intent_data" not in sent.form


async def test_the_headers_pin_the_version_and_carry_a_key_for_each_order(stripe, payments):
    first, again, other = order(), order(), order(id=uuid4())
    pages = [await payments.checkout(each) for each in (first, again, other)]
    keys = [request.headers["Idempotency-Key"] for request in stripe.requests]
    assert keys == [f"daybook:order:{ORDER}", f"daybook:order:{ORDER}", f"daybook:order:{other.id}"]
    assert pages[0] == pages[1] != pages[2]
    assert len(stripe.book.of_kind("checkout.session")) == 2
    for request in stripe.requests:
        assert request.headers["Stripe-Version"] == API_VERSION
        assert request.headers["Authorization"] == f"Bearer {SECRET_KEY}"
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_the_same_order_in_another_form_is_refused(stripe, payments):
    await payments.checkout(order())
    with pytest.raises(PaymentsRefused, match="in another way before"):
        await payments.checkout(order(amount=1_000))


async def test_what_it_will_not_take_is_said_in_our_words(stripe, payments):
    with pytest.raises(PaymentsRefused, match="the amount is below what it takes"):
        await payments.checkout(order(amount=1))


@pytest.mark.parametrize("mood", stripe_server.PASSING)
async def test_what_passes_is_tried_again_and_done_once(stripe, payments, mood):
    stripe.behave(mood, mood)
    page = await payments.checkout(order())
    assert [request.sent for request in stripe.requests] == [stripe.requests[0].sent] * 3
    assert len({request.headers["Idempotency-Key"] for request in stripe.requests}) == 1
    assert [session["id"] for session in stripe.book.of_kind("checkout.session")] == [page.reference]


@pytest.mark.parametrize("mood", [*stripe_server.PASSING, *stripe_server.BROKEN])
async def test_what_does_not_pass_is_given_up_after_three_attempts(stripe, payments, mood):
    stripe.behave(mood, mood, mood)
    with pytest.raises(PaymentsUnavailable) as refusal:
        await payments.checkout(order())
    assert len(stripe.requests) == 3
    assert refusal.value.retryable and refusal.value.fields == {"retry_after": 5}


@pytest.mark.parametrize(
    ("mood", "kind"),
    {
        "200 with a list": PaymentsUnavailable,
        "200 with html": PaymentsUnavailable,
        "200 with odd types": PaymentsUnavailable,
        "400": PaymentsRefused,
        "401": PaymentsUnavailable,
        "402": PaymentsRefused,
        "403": PaymentsUnavailable,
        "404": PaymentsRefused,
        "500 for good": PaymentsUnavailable,
        "deep": PaymentsUnavailable,
        "not utf-8": PaymentsUnavailable,
        "redirect": PaymentsUnavailable,
    }.items(),
)
async def test_what_is_final_is_not_tried_again(stripe, payments, mood, kind):
    with StripeServer() as elsewhere:
        stripe.elsewhere = elsewhere.base
        stripe.behave(mood)
        with pytest.raises(kind):
            await payments.checkout(order())
        assert (len(stripe.requests), elsewhere.requests) == (1, [])


async def test_a_wait_that_is_too_long_is_left_to_the_caller(stripe, payments):
    stripe.behave("too late")
    with pytest.raises(PaymentsUnavailable) as refusal:
        await payments.checkout(order())
    assert (refusal.value.fields, len(stripe.requests)) == ({"retry_after": 900}, 1)


async def test_silence_ends_in_time(stripe):
    stripe.behave("silent", "silent", "silent")
    payments = made(stripe, total_seconds=0.3)
    started = time.monotonic()
    try:
        with pytest.raises(PaymentsUnavailable):
            await payments.checkout(order())
    finally:
        await payments.close()
    assert 0.2 < time.monotonic() - started < protocol_server.SILENCE_SECONDS / 2


async def test_nobody_there_is_unavailable():
    with StripeServer() as gone:
        pass
    payments = made(gone)
    try:
        with pytest.raises(PaymentsUnavailable):
            await payments.checkout(order())
    finally:
        await payments.close()


async def test_many_at_once_reuse_one_page(stripe, payments):
    pages = await asyncio.gather(*(payments.checkout(asked) for asked in [order()] * 20))
    assert len({page.reference for page in pages}) == 1
    assert len(stripe.book.of_kind("checkout.session")) == 1


@pytest.mark.parametrize("mood", [mood for mood in stripe_server.MOODS if mood not in ("well", "silent")])
async def test_nothing_of_keys_and_upstream_words_is_told_or_logged(stripe, payments, mood, caplog):
    caplog.set_level(logging.DEBUG)
    stripe.behave(mood, mood, mood)
    with structlog.testing.capture_logs() as lines:
        with pytest.raises(Refusal) as refusal:
            await payments.checkout(order())
        # What a crash would print of it, causes included.
        lines.append({"event": "crash", "text": str(structlog.processors.format_exc_info(None, "", {"exc_info": refusal.value}))})
    told = str(refusal.value) + repr(refusal.value.members) + repr(lines) + caplog.text + repr(payments)
    for secret in (SECRET_KEY, WEBHOOK_SECRET, "secret words"):
        assert secret not in told
    assert [line for line in lines if line["event"].startswith("stripe")] != []


async def test_canceling_ends_a_subscription_with_its_period(stripe, payments):
    page = await payments.subscribe(order(purpose="subscription", monthly=True))
    stripe.book.begin(page.reference)
    subscription = stripe.book.of_kind("subscription")[0]
    await payments.cancel_at_period_end(subscription["id"])
    await payments.cancel_at_period_end(subscription["id"])
    assert subscription["cancel_at_period_end"] is True
    assert subscription["status"] == "active"
    keys = [request.headers["Idempotency-Key"] for request in stripe.requests]
    assert len(set(keys)) == len(keys), "a cancel of today is no repeat of one before"


async def test_canceling_what_has_not_begun_closes_its_page(stripe, payments):
    page = await payments.subscribe(order(purpose="subscription", monthly=True))
    await payments.cancel_at_period_end(page.reference)
    await payments.cancel_at_period_end(page.reference)
    assert stripe.book.things[page.reference]["status"] == "expired"


async def test_canceling_by_the_page_of_what_has_begun_ends_it_with_its_period(stripe, payments):
    page = await payments.subscribe(order(purpose="subscription", monthly=True))
    stripe.book.begin(page.reference)
    await payments.cancel_at_period_end(page.reference)
    assert stripe.book.of_kind("subscription")[0]["cancel_at_period_end"] is True
