"""What an order promises, whatever is heard of its payment, in whatever order."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.credits.events import CreditsGranted
from domain.orders.events import OrderPaid
from domain.orders.refusals import OrderNotFound, OrderPaidAlready
from domain.payments.refusals import PaymentMismatch
from tests.support.book import names
from tests.support.shopping import Shop

DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def buyer(shop: Shop) -> UUID:
    return shop.book.account(credits=0)


def test_a_placed_order_grants_nothing(shop: Shop, buyer: UUID) -> None:
    order = shop.at(shop.order(buyer))
    assert order.status == "pending"
    assert shop.available(buyer) == 0


def test_a_payment_grants_in_the_same_append(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    facts = shop.pay(order_id)
    assert names(facts) == ["OrderPaid", "CreditsGranted"]
    paid, granted = facts
    assert isinstance(paid, OrderPaid)
    assert isinstance(granted, CreditsGranted)
    assert (granted.source, granted.amount, granted.grant_id) == ("purchase", 100, paid.grant_id)
    assert granted.order_id == order_id
    assert granted.expires_at == paid.expires_at == shop.book.now + 365 * DAY
    assert shop.at(order_id).status == "paid"


def test_the_payment_claims_both_names_it_has(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    assert shop.book.decision is not None
    assert shop.book.decision.taken == [(f"payment:cs_{order_id}", order_id), (f"payment:pi_{order_id}", order_id)]


def test_the_same_payment_heard_again_changes_nothing(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    assert shop.pay(order_id) == []
    assert shop.book.decision is not None
    assert shop.book.decision.taken == ()
    assert shop.available(buyer) == 100


def test_another_payment_for_a_paid_order_is_refused_by_name(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    with pytest.raises(OrderPaidAlready):
        shop.pay(order_id, reference="cs_other")
    assert shop.available(buyer) == 100


@pytest.mark.parametrize(
    ("what", "found"), [("amount", 498), ("amount", 500), ("currency", "EUR"), ("currency", "usd"), ("livemode", False)]
)
def test_money_that_is_not_what_was_asked_for_grants_nothing(shop: Shop, buyer: UUID, what: str, found: object) -> None:
    order_id = shop.order(buyer)
    with pytest.raises(PaymentMismatch) as refusal:
        shop.pay(order_id, **{what: found})
    assert refusal.value.members == {"what": what, "expected": getattr(shop.at(order_id), what), "found": found}
    assert shop.at(order_id).status == "pending"
    assert shop.available(buyer) == 0


def test_somebody_elses_order_is_absent(shop: Shop, buyer: UUID) -> None:
    order_id, stranger = shop.order(buyer), shop.book.account()
    with pytest.raises(OrderNotFound):
        shop.pay(order_id, account_id=stranger)
    with pytest.raises(OrderNotFound):
        shop.reverse(order_id, 1, account_id=stranger)


def test_the_first_page_stays(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    assert names(shop.open(order_id)) == ["OrderCheckoutOpened"]
    assert shop.open(order_id) == []
    assert shop.open(order_id, reference="cs_other") == []
    assert shop.at(order_id).reference == f"cs_{order_id}"


@pytest.mark.parametrize("cause", ["expired", "failed"])
def test_an_unpaid_order_is_canceled_once(shop: Shop, buyer: UUID, cause: str) -> None:
    order_id = shop.order(buyer)
    assert names(shop.cancel(order_id, cause)) == ["OrderCanceled"]
    assert shop.cancel(order_id) == []
    assert shop.at(order_id).status == "canceled"
    assert shop.open(order_id) == []


def test_money_counts_for_more_than_a_page_that_closed(shop: Shop, buyer: UUID) -> None:
    before, after = shop.order(buyer), shop.order(buyer)
    shop.cancel(before)
    shop.pay(before)
    shop.pay(after)
    assert shop.cancel(after) == []
    assert [shop.at(each).status for each in (before, after)] == ["paid", "paid"]
    assert shop.available(buyer) == 200


@pytest.mark.parametrize(("total", "taken"), [(1, 0), (4, 0), (5, 1), (250, 50), (498, 99), (499, 100), (900, 100)])
def test_a_refund_takes_the_same_share_of_the_credits_rounded_down(shop: Shop, buyer: UUID, total: int, taken: int) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    shop.reverse(order_id, total)
    assert shop.available(buyer) == 100 - taken
    assert shop.at(order_id).status == ("refunded" if total >= 499 else "paid")
    assert shop.at(order_id).reversed_amount == min(total, 499)


def test_refunds_in_steps_take_what_one_refund_takes(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    for number in range(1, 6):
        shop.reverse(order_id, 33, f"re_{number}")
    assert shop.available(buyer) == 100 - 100 * 5 * 33 // 499


def test_a_smaller_total_of_the_same_reversal_is_stale(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    shop.reverse(order_id, 300)
    assert shop.reverse(order_id, 300) == []
    assert shop.reverse(order_id, 200) == []
    assert names(shop.reverse(order_id, 499)) == ["OrderReversed", "GrantRevoked"]
    assert shop.available(buyer) == 0


def test_a_reversal_in_another_currency_or_mode_is_refused(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    for change in ({"currency": "EUR"}, {"livemode": False}):
        with pytest.raises(PaymentMismatch):
            shop.reverse(order_id, 499, **change)
    assert shop.available(buyer) == 100


def test_a_refund_that_is_heard_before_the_payment_is_taken_with_it(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    assert names(shop.reverse(order_id, 499)) == ["OrderReversed"]
    assert shop.at(order_id).status == "pending"
    assert names(shop.pay(order_id)) == ["OrderPaid", "CreditsGranted", "GrantRevoked"]
    assert shop.at(order_id).status == "refunded"
    assert shop.available(buyer) == 0


def test_what_was_spent_of_refunded_credits_is_owed(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    shop.book.finished(buyer, quoted=30)
    shop.reverse(order_id, 499)
    assert shop.available(buyer) == 0
    assert shop.book.credits(buyer).owed == -30


def test_a_dispute_that_was_won_gives_back_by_a_new_grant(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    shop.reverse(order_id, 499, "dp_1")
    assert shop.at(order_id).status == "refunded"
    facts = shop.undo(order_id, "dp_1")
    granted = next(fact for fact in facts if isinstance(fact, CreditsGranted))
    assert (granted.source, granted.amount, granted.order_id) == ("purchase", 100, order_id)
    assert granted.expires_at == shop.at(order_id).expires_at
    assert shop.available(buyer) == 100
    assert shop.at(order_id).status == "paid"
    assert shop.undo(order_id, "dp_1") == []


def test_what_is_given_back_lasts_at_least_thirty_days(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer, valid_days=40)
    shop.pay(order_id)
    shop.reverse(order_id, 499, "dp_1")
    shop.book.now += 39 * DAY
    granted = next(fact for fact in shop.undo(order_id, "dp_1") if isinstance(fact, CreditsGranted))
    assert granted.expires_at == shop.book.now + 30 * DAY


def test_what_was_given_back_can_be_taken_again(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    shop.reverse(order_id, 499, "dp_1")
    shop.undo(order_id, "dp_1")
    shop.reverse(order_id, 499, "re_1")
    assert shop.available(buyer) == 0
    assert shop.book.credits(buyer).owed == 0


def test_a_reversal_that_is_undone_before_it_is_heard_takes_nothing(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    shop.undo(order_id, "dp_1")
    assert shop.reverse(order_id, 499, "dp_1") == []
    assert shop.available(buyer) == 100


def test_what_another_reversal_still_takes_is_not_given_back(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.pay(order_id)
    shop.reverse(order_id, 499, "dp_1")
    shop.reverse(order_id, 250, "re_1")
    shop.undo(order_id, "dp_1")
    assert shop.available(buyer) == 50


def test_lapsed_credits_are_not_taken_a_second_time(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer, valid_days=1)
    shop.pay(order_id)
    shop.book.finished(buyer, quoted=40)
    shop.book.now += 2 * DAY
    facts = shop.reverse(order_id, 499)
    assert "GrantExpired" in names(facts)
    assert shop.book.credits(buyer).owed == -40


def test_credits_of_the_test_till_say_so(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer, provider="test", livemode=False)
    facts = shop.book.when(shop.at(order_id).rehearsed())
    granted = next(fact for fact in facts if isinstance(fact, CreditsGranted))
    assert granted.source == "test"


def test_an_order_is_the_same_when_folded_again(shop: Shop, buyer: UUID) -> None:
    order_id = shop.order(buyer)
    shop.open(order_id)
    shop.reverse(order_id, 100)
    shop.pay(order_id)
    shop.reverse(order_id, 499, "dp_1")
    shop.undo(order_id, "dp_1")
    assert vars(shop.book.refold(shop.at(order_id))) == vars(shop.at(order_id))
