"""What follows from a message: the thing it is about is read again, and what is not ours is left alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.payments import ports
from domain.payments.ports import CheckoutOrder, MessageUnreadable, PaymentsRefused, PaymentsUnavailable, SignatureRefused
from domain.payments.refusals import PaymentMismatch
from infra.payments.stripe.hearing import LOOKS
from infra.payments.stripe.payments import StripePayments
from tests.support.stripe_book import MONTH_SECONDS, StripeBook
from tests.support.stripe_courier import body, header
from tests.support.stripe_server import StripeServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = UUID("01936b2e-0000-7000-8000-00000000000d")
MEMBERSHIP = UUID("01936b2e-0000-7000-8000-00000000000e")


class World:
    """A Stripe account, and our adapter before it."""

    def __init__(self, stripe: StripeServer, payments: StripePayments) -> None:
        self.stripe, self.book, self.payments = stripe, stripe.book, payments

    async def page(self, **changes: Any) -> str:
        values: dict[str, Any] = {
            "purpose": "order",
            "id": ORDER,
            "account_id": ORDER,
            "title": "credits",
            "amount": 499,
            "currency": "USD",
        }
        values |= {"success_url": "https://a.example", "cancel_url": "https://b.example"}
        values["expires_at"] = datetime.now(UTC) + timedelta(hours=1)
        asked = CheckoutOrder(**values | changes)
        page = await (self.payments.subscribe(asked) if asked.monthly else self.payments.checkout(asked))
        return page.reference

    async def membership(self) -> str:
        return await self.page(purpose="subscription", id=MEMBERSHIP, monthly=True)

    async def heard(self, message: dict[str, Any]) -> list[ports.PaymentEvent]:
        return await self.raw(body(message))

    async def raw(self, raw: bytes) -> list[ports.PaymentEvent]:
        return list(await self.payments.heard({"stripe-signature": header(raw)}, raw, now=datetime.now(UTC)))

    async def all_heard(self, messages: list[dict[str, Any]]) -> list[ports.PaymentEvent]:
        return [event for message in messages for event in await self.heard(message)]

    def first(self, kind: str) -> dict[str, Any]:
        return self.book.of_kind(kind)[0]


@pytest.fixture
def world(stripe: StripeServer, payments: StripePayments) -> World:
    return World(stripe, payments)


async def test_a_paid_page_settles_its_order_once(world: World):
    page = await world.page()
    events = await world.all_heard(world.book.pay(page))
    intent = world.first("payment_intent")["id"]
    assert events == [ports.PaymentSettled(livemode=False, order_id=ORDER, reference=page, payment=intent, amount=499, currency="USD")]


async def test_what_the_message_says_of_money_counts_for_nothing(world: World):
    page = await world.page()
    message = world.book.pay(page)[-1]
    message["data"]["object"] |= {"amount_total": 1, "currency": "jpy", "metadata": {}, "payment_status": "unpaid"}
    (event,) = await world.heard(message)
    assert isinstance(event, ports.PaymentSettled)
    assert (event.amount, event.currency, event.order_id) == (499, "USD", ORDER)


async def test_a_bank_transfer_settles_when_it_has_come(world: World):
    page = await world.page()
    assert await world.all_heard(world.book.promise(page)) == []
    assert [type(event) for event in await world.all_heard(world.book.keep_promise(page))] == [ports.PaymentSettled]


async def test_a_bank_transfer_that_does_not_come_fails(world: World):
    page = await world.page()
    messages = world.book.promise(page) + world.book.break_promise(page)
    assert await world.all_heard(messages) == [ports.PaymentFailed(livemode=False, order_id=ORDER, reference=page)]


async def test_an_old_message_leads_to_what_is_true_now(world: World):
    page = await world.page()
    promised = world.book.promise(page)
    world.book.keep_promise(page)
    assert [type(event) for event in await world.all_heard(promised)] == [ports.PaymentSettled]


@pytest.mark.parametrize(("monthly", "purpose", "id"), [(False, "order", ORDER), (True, "subscription", MEMBERSHIP)])
async def test_a_page_that_was_left_expires(world: World, monthly, purpose, id):
    page = await (world.membership() if monthly else world.page())
    expected = ports.CheckoutExpired(livemode=False, purpose=purpose, id=id, reference=page)
    assert await world.all_heard(world.book.leave(page)) == [expected]


async def test_each_refund_is_told_by_itself_whoever_tells_of_it(world: World):
    world.book.pay(await world.page())
    intent = world.first("payment_intent")["id"]
    first, second = world.book.refund(intent, 100), world.book.refund(intent, 50, status="pending")
    two = [(refund["id"], refund["amount"]) for refund in world.book.of_kind("refund")]
    by_refund = await world.all_heard([first[0], second[0]])
    by_charge = await world.heard(second[1])
    for events in (by_refund, by_charge):
        assert sorted((event.reversal, event.total) for event in events) == sorted(two)
        assert {(event.kind, event.payment, event.purpose, event.id, event.currency) for event in events} == {
            ("refund", intent, "order", ORDER, "USD")
        }


async def test_more_refunds_than_fit_on_one_page_are_all_told(world: World):
    world.book.pay(await world.page())
    intent = world.first("payment_intent")["id"]
    messages = [world.book.refund(intent, 1)[-1] for _ in range(230)]
    events = await world.heard(messages[-1])
    assert len({event.reversal for event in events}) == 230


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_a_refund_that_failed_is_undone(world: World, status):
    world.book.pay(await world.page())
    intent = world.first("payment_intent")["id"]
    created = world.book.refund(intent, 100)
    refund = world.first("refund")
    messages = created + world.book.fail_refund(refund["id"])
    refund["status"] = status
    undone = ports.RefundFailed(livemode=False, reversal=refund["id"], payment=intent, purpose="order", id=ORDER)
    assert await world.all_heard(messages) == [undone] * len(messages)


@pytest.mark.parametrize(
    ("status", "kind"),
    {
        "needs_response": ports.PaymentReversed,
        "under_review": ports.PaymentReversed,
        "lost": ports.PaymentReversed,
        "won": ports.DisputeWon,
        "warning_needs_response": None,
        "warning_under_review": None,
        "warning_closed": None,
        "prevented": None,
    }.items(),
)
async def test_a_dispute_takes_the_money_until_it_is_won(world: World, status, kind):
    world.book.pay(await world.page())
    messages = world.book.dispute(world.first("payment_intent")["id"], 499, status=status)
    events = await world.all_heard(messages)
    assert [type(event) for event in events] == ([] if kind is None else [kind])


async def test_paid_invoices_are_periods(world: World):
    page = await world.membership()
    events = await world.all_heard(world.book.begin(page))
    invoice, subscription = world.first("invoice"), world.first("subscription")
    paid = [event for event in events if isinstance(event, ports.InvoicePaid)]
    start = datetime.fromtimestamp(invoice["lines"]["data"][0]["period"]["start"], UTC)
    assert paid == [
        ports.InvoicePaid(
            livemode=False,
            subscription_id=MEMBERSHIP,
            reference=subscription["id"],
            invoice=invoice["id"],
            payment=world.first("payment_intent")["id"],
            amount=499,
            currency="USD",
            period_start=start,
            period_end=start + timedelta(seconds=MONTH_SECONDS),
        )
    ]
    # The page of a subscription gives nothing, and its state is told as it is now, not as it was created.
    assert [event.status for event in events if isinstance(event, ports.SubscriptionChanged)] == ["active", "active"]
    (renewed,) = await world.all_heard(world.book.renew(subscription["id"]))
    assert isinstance(renewed, ports.InvoicePaid) and renewed.period_start == paid[0].period_end


async def test_an_invoice_that_is_no_period_gives_nothing(world: World):
    messages = world.book.begin(await world.membership())
    world.first("invoice")["billing_reason"] = "subscription_update"
    assert [type(event) for event in await world.all_heard(messages)] == [ports.SubscriptionChanged] * 2


async def test_a_period_that_is_not_paid_fails_until_it_is_made_up_for(world: World):
    world.book.begin(await world.membership())
    subscription = world.first("subscription")["id"]
    failed = world.book.fail_to_renew(subscription)
    kinds = [type(event) for event in await world.all_heard(failed)]
    assert kinds == [ports.InvoiceFailed, ports.SubscriptionChanged]
    made_up = world.book.make_up(subscription)
    later = await world.all_heard([*failed, *made_up])
    assert [type(event) for event in later] == [ports.InvoicePaid, ports.SubscriptionChanged] * 2
    assert {event.status for event in later if isinstance(event, ports.SubscriptionChanged)} == {"active"}


@pytest.mark.parametrize(
    ("said", "told"),
    {
        "active": "active", "canceled": "canceled", "incomplete": "incomplete", "incomplete_expired": "canceled", "past_due": "past_due",
        "paused": "paused", "trialing": "active", "unpaid": "unpaid",
    }.items(),
)  # fmt: skip
async def test_each_state_of_a_subscription_is_one_of_ours(world: World, said, told):
    messages = world.book.begin(await world.membership())
    world.first("subscription")["status"] = said
    (event,) = await world.heard(messages[-1])
    assert isinstance(event, ports.SubscriptionChanged)
    assert (event.status, event.reference, event.event) == (told, world.first("subscription")["id"], messages[-1]["id"])


@pytest.mark.parametrize("field", ["cancel_at_period_end", "cancel_at"])
async def test_both_ways_of_ending_with_the_period_are_seen(world: World, field):
    messages = world.book.begin(await world.membership())
    world.first("subscription")[field] = True if field == "cancel_at_period_end" else 1_900_000_000
    (event,) = await world.heard(messages[-1])
    assert isinstance(event, ports.SubscriptionChanged) and event.cancel_at_period_end


async def test_the_refund_of_an_invoice_finds_its_subscription_and_tells_the_period_first(world: World):
    world.book.begin(await world.membership())
    intent = world.first("payment_intent")["id"]
    paid, taken = await world.heard(world.book.refund(intent, 499)[0])
    assert isinstance(paid, ports.InvoicePaid) and paid.invoice == world.first("invoice")["id"]
    assert isinstance(taken, ports.PaymentReversed)
    assert (taken.purpose, taken.id, taken.payment, taken.total) == ("subscription", MEMBERSHIP, intent, 499)


def strange(book: StripeBook) -> list[dict[str, Any]]:
    """Messages about what another product of the same Stripe account sells."""
    form = {"mode": "payment", "success_url": "x", "cancel_url": "x", "metadata": {"order_id": "7", "daybook_order_id": "seven"}}
    form["line_items"] = {"0": {"quantity": "1", "price_data": {"unit_amount": "900", "currency": "eur"}}}
    page = book.open_session(form)["id"]
    messages = book.pay(page)
    intent = book.things[page]["payment_intent"]
    messages += book.refund(intent, 900) + book.dispute(intent, 900)
    monthly = {**form, "mode": "subscription", "metadata": {}}
    monthly["line_items"] = {"0": {"quantity": "1", "price_data": {"unit_amount": "900", "currency": "eur", "recurring": {}}}}
    messages += book.begin(book.open_session(monthly)["id"])
    messages += book.fail_to_renew(book.of_kind("subscription")[0]["id"])
    return messages


async def test_what_another_product_sells_is_left_alone(world: World):
    messages = strange(world.book)
    assert {message["type"] for message in messages} >= {"checkout.session.completed", "charge.refunded", "invoice.paid"}
    assert await world.all_heard(messages) == []


@pytest.mark.parametrize("kind", ["payment_intent.succeeded", "invoice.upcoming", "balance.available", "x", "", "v2.core.event"])
async def test_other_types_are_taken_and_nothing_is_asked(world: World, kind):
    shapes: list[dict[str, Any]] = [{}, {"data": {}}, {"data": {"object": {"no": "id"}}}, {"data": {"object": 7}}]
    for data in shapes:
        assert await world.raw(body({"id": "evt_1", "type": kind, "livemode": True} | data)) == []
    assert world.stripe.requests == []


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"null", b"[]", b"7", b'"evt"', b"{", b"{}", b'{"id":"evt_1"}', b"\xff\xfe", b"[" * 100_000,
        b'{"id":"evt_1","type":7,"livemode":false}',
        b'{"id":"evt_1","type":"invoice.paid","livemode":"no"}', b'{"id":"evt_1","type":"invoice.paid","livemode":false}',
        b'{"id":"evt_1","type":"invoice.paid","livemode":false,"data":7}',
        b'{"id":"evt_1","type":"invoice.paid","livemode":false,"data":{"object":null}}',
        b'{"id":"evt_1","type":"invoice.paid","livemode":false,"data":{"object":{"id":7}}}',
        b'{"id":"evt_1","type":"invoice.paid","livemode":false,"data":{"object":{"id":"../accounts?x"}}}',
        b'{"id":"evt_1","type":"invoice.paid","livemode":false,"data":{"object":{"id":""}}}',
    ],
)  # fmt: skip
async def test_a_signed_message_of_another_shape_is_unreadable(world: World, raw):
    with pytest.raises(MessageUnreadable):
        await world.raw(raw)
    assert world.stripe.requests == []


@pytest.mark.parametrize("kind", sorted(LOOKS))
async def test_real_money_and_rehearsals_are_kept_apart(world: World, kind):
    raw = body({"id": "evt_1", "type": kind, "livemode": True, "data": {"object": {"id": "x_1"}}})
    with pytest.raises(PaymentMismatch, match="livemode is True, False was asked for"):
        await world.raw(raw)
    assert world.stripe.requests == []


async def test_nothing_is_asked_for_a_forged_message(world: World):
    raw = body(world.book.pay(await world.page())[-1])
    asked = len(world.stripe.requests)
    for headers in ({}, {"stripe-signature": ""}, {"stripe-signature": header(raw + b" ")}):
        with pytest.raises(SignatureRefused):
            await world.payments.heard(headers, raw, now=datetime.now(UTC))
    assert len(world.stripe.requests) == asked


@pytest.mark.parametrize("kind", sorted(LOOKS))
async def test_a_thing_that_is_not_there_is_asked_for_again_later(world: World, kind):
    raw = body({"id": "evt_1", "type": kind, "livemode": False, "data": {"object": {"id": "gone_1"}}})
    if kind == "charge.refunded":
        assert await world.raw(raw) == []
        return
    with pytest.raises(PaymentsRefused, match="there is no such thing there"):
        await world.raw(raw)


async def test_a_paid_invoice_without_lines_is_not_passed_over(world: World):
    messages = world.book.begin(await world.membership())
    world.first("invoice")["lines"]["data"].clear()
    with pytest.raises(PaymentsRefused, match="without lines"):
        await world.heard(messages[2])


@pytest.mark.parametrize("kind", ["dispute", "subscription", "refund"])
async def test_a_word_that_is_not_known_is_no_guess(world: World, kind):
    world.book.begin(await world.membership())
    intent = world.first("payment_intent")["id"]
    world.book.refund(intent, 1)
    world.book.dispute(intent, 1)
    world.first(kind)["status"] = "some new word"
    types = {"dispute": "charge.dispute.created", "subscription": "customer.subscription.updated", "refund": "refund.created"}
    with pytest.raises(PaymentsUnavailable):
        await world.heard(world.book.message(types[kind], world.first(kind)))
