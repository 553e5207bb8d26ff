"""What a subscription promises: paid periods give credits until their end, and it ends when it should."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.credits.commands import ExpireGrants
from domain.credits.events import CreditsGranted
from domain.payments.refusals import PaymentMismatch, ReversalUnknown
from domain.subscriptions.commands import (
    CancelSubscription,
    EndSubscription,
    FailPeriod,
    OpenSubscriptionCheckout,
    RenewSubscription,
    UndoPeriodReversal,
)
from domain.subscriptions.refusals import SubscriptionNotFound
from tests.support.book import HOUR, names
from tests.support.shopping import MONTH, Shop

DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def reader(shop: Shop) -> UUID:
    return shop.book.account(credits=0)


@pytest.fixture
def active(shop: Shop, reader: UUID) -> UUID:
    """A subscription whose first period is paid."""
    found = shop.subscription(reader)
    shop.pay_period(found)
    return found


def test_it_is_pending_until_its_first_period_is_paid(shop: Shop, reader: UUID) -> None:
    found = shop.subscription(reader)
    assert shop.of(found).status == "pending"
    assert names(shop.pay_period(found)) == ["PeriodPaid", "CreditsGranted"]
    assert shop.of(found).status == "active"
    assert shop.available(reader) == 500


def test_one_subscription_an_account_while_it_has_not_ended(shop: Shop, reader: UUID) -> None:
    found = shop.subscription(reader)
    assert shop.book.decision is not None
    assert shop.book.decision.taken == [(f"subscription:{reader}", found)]
    shop.tell(CancelSubscription, found)
    assert shop.book.decision.freed == [f"subscription:{reader}"]


def test_the_credits_of_a_period_last_until_its_end(shop: Shop, reader: UUID, active: UUID) -> None:
    granted = next(fact for fact in shop.book.facts if isinstance(fact, CreditsGranted))
    assert (granted.source, granted.expires_at, granted.order_id) == ("subscription", shop.of(active).period_end, active)
    shop.book.now += MONTH
    shop.book.when(ExpireGrants(account_id=reader))
    assert shop.available(reader) == 0
    shop.pay_period(active, "in_2")
    assert shop.available(reader) == 500


def test_the_same_invoice_heard_again_changes_nothing(shop: Shop, reader: UUID, active: UUID) -> None:
    assert shop.pay_period(active) == []
    assert shop.available(reader) == 500


@pytest.mark.parametrize(("what", "found"), [("amount", 1), ("currency", "EUR"), ("livemode", False)])
def test_money_that_is_not_the_plans_grants_nothing(shop: Shop, reader: UUID, what: str, found: object) -> None:
    pending = shop.subscription(reader)
    with pytest.raises(PaymentMismatch):
        shop.pay_period(pending, **{what: found})
    assert shop.of(pending).status == "pending"


def test_somebody_elses_subscription_is_absent(shop: Shop, active: UUID) -> None:
    with pytest.raises(SubscriptionNotFound):
        shop.pay_period(active, "in_2", account_id=shop.book.account())


def test_a_period_that_is_heard_after_its_end_lapses_at_once(shop: Shop, reader: UUID, active: UUID) -> None:
    shop.book.now += 3 * MONTH
    facts = shop.pay_period(active, "in_2", start=shop.book.now - 2 * MONTH)
    assert names(facts)[-1] == "GrantExpired"
    assert shop.available(reader) == 0


def test_an_older_period_that_is_heard_later_does_not_move_the_present_one(shop: Shop, active: UUID) -> None:
    start = shop.book.now
    shop.pay_period(active, "in_3", start=start + 2 * MONTH)
    shop.pay_period(active, "in_2", start=start + MONTH)
    assert shop.of(active).period_end == start + 3 * MONTH
    assert len(shop.of(active).periods) == 3


def test_a_failed_payment_makes_it_past_due_and_the_next_one_active_again(shop: Shop, reader: UUID, active: UUID) -> None:
    shop.book.now += MONTH
    assert names(shop.tell(FailPeriod, active, invoice="in_2", at=shop.book.now)) == ["PeriodUnpaid"]
    assert shop.of(active).status == "past_due"
    assert shop.tell(FailPeriod, active, invoice="in_2", at=shop.book.now + HOUR) == []
    shop.pay_period(active, "in_2")
    assert shop.of(active).status == "active"
    assert shop.tell(FailPeriod, active, invoice="in_2", at=shop.book.now) == []
    assert shop.of(active).status == "active"


def test_a_failure_says_nothing_of_what_never_began_or_has_ended(shop: Shop, reader: UUID) -> None:
    pending = shop.subscription(reader)
    assert shop.tell(FailPeriod, pending, invoice="in_1", at=shop.book.now) == []
    shop.tell(EndSubscription, pending, cause="expired")
    assert shop.tell(FailPeriod, pending, invoice="in_1", at=shop.book.now) == []


def test_an_older_word_never_overrides_a_newer_one(shop: Shop, active: UUID) -> None:
    noon = shop.book.now
    shop.change(active, "past_due", at=noon + HOUR)
    assert shop.of(active).status == "past_due"
    assert shop.change(active, "active", at=noon) == []
    shop.change(active, "active", at=noon + 2 * HOUR)
    assert shop.of(active).status == "active"
    assert shop.tell(FailPeriod, active, invoice="in_2", at=noon + HOUR) == []


def test_a_word_that_says_nothing_new_is_not_kept(shop: Shop, active: UUID) -> None:
    assert shop.change(active, "active", at=shop.book.now + HOUR) == []


def test_canceled_is_final_whenever_it_is_heard(shop: Shop, reader: UUID, active: UUID) -> None:
    shop.change(active, "active", at=shop.book.now + HOUR, cancel=True)
    assert names(shop.change(active, "canceled", at=shop.book.now)) == ["SubscriptionEnded"]
    assert shop.change(active, "active", at=shop.book.now + 2 * HOUR) == []
    assert shop.of(active).status == "canceled"
    # Money that was on its way still counts; the subscription stays ended.
    shop.pay_period(active, "in_2")
    assert shop.of(active).status == "canceled"
    assert shop.available(reader) == 1000


def test_canceling_keeps_what_is_paid_for(shop: Shop, reader: UUID, active: UUID) -> None:
    assert names(shop.tell(CancelSubscription, active)) == ["SubscriptionCancelRequested"]
    assert shop.tell(CancelSubscription, active) == []
    assert (shop.of(active).status, shop.of(active).cancel_at_period_end) == ("active", True)
    assert shop.available(reader) == 500


def test_what_its_owner_asked_for_is_not_undone_by_an_older_word(shop: Shop, active: UUID) -> None:
    shop.tell(CancelSubscription, active)
    shop.change(active, "past_due", at=shop.book.now - HOUR, cancel=False)
    assert shop.of(active).cancel_at_period_end
    shop.change(active, "active", at=shop.book.now + HOUR, cancel=False)
    assert not shop.of(active).cancel_at_period_end


def test_canceling_what_was_never_paid_ends_it_now_and_money_begins_it_after_all(shop: Shop, reader: UUID) -> None:
    pending = shop.subscription(reader)
    assert names(shop.tell(CancelSubscription, pending)) == ["SubscriptionEnded"]
    assert shop.tell(CancelSubscription, pending) == []
    shop.pay_period(pending)
    assert shop.of(pending).status == "active"
    assert shop.available(reader) == 500


def test_one_that_began_after_its_end_leaves_the_accounts_place_to_the_next(shop: Shop, reader: UUID) -> None:
    given_up = shop.subscription(reader)
    shop.tell(CancelSubscription, given_up)
    shop.subscription(reader)
    shop.pay_period(given_up)
    shop.change(given_up, "canceled", at=shop.book.now)
    assert shop.of(given_up).status == "canceled"
    assert shop.book.decision is not None
    assert shop.book.decision.freed == []


def test_a_page_that_expired_ends_only_what_was_never_paid(shop: Shop, reader: UUID, active: UUID) -> None:
    assert shop.tell(EndSubscription, active, cause="expired") == []
    pending = shop.subscription(reader)
    assert names(shop.tell(EndSubscription, pending, cause="expired")) == ["SubscriptionEnded"]


def test_the_first_page_stays(shop: Shop, reader: UUID) -> None:
    pending = shop.subscription(reader)
    page = {"sealed_url": "sealed", "expires_at": shop.book.now + HOUR}
    assert names(shop.tell(OpenSubscriptionCheckout, pending, reference="cs_1", **page)) == ["SubscriptionCheckoutOpened"]
    assert shop.tell(OpenSubscriptionCheckout, pending, reference="cs_2", **page) == []
    assert shop.of(pending).checkout == "cs_1"


def test_the_test_till_renews_when_the_period_is_over_and_not_before(shop: Shop, reader: UUID) -> None:
    found = shop.subscription(reader, provider="test", livemode=False)
    shop.book.when(shop.of(found).first_period(seconds=None, now=shop.book.now))
    begin, end = shop.book.now, shop.of(found).period_end
    assert end is not None
    assert (end.month, end.day) == (begin.month + 1, begin.day)
    assert shop.tell(RenewSubscription, found) == []
    shop.book.now = end
    assert names(shop.tell(RenewSubscription, found)) == ["PeriodPaid", "GrantExpired", "CreditsGranted"]
    assert shop.tell(RenewSubscription, found) == []
    assert shop.available(reader) == 500
    assert {fact.source for fact in shop.book.facts if isinstance(fact, CreditsGranted)} == {"test"}


def test_the_test_till_leaves_out_periods_that_nobody_was_there_to_renew(shop: Shop, reader: UUID) -> None:
    found = shop.subscription(reader, provider="test", livemode=False)
    shop.book.when(shop.of(found).first_period(seconds=60, now=shop.book.now))
    shop.book.now += 10 * HOUR + timedelta(seconds=1)
    shop.tell(RenewSubscription, found, period_seconds=60)
    assert len(shop.of(found).periods) == 2
    end = shop.of(found).period_end
    assert end is not None
    assert timedelta(0) < end - shop.book.now <= timedelta(seconds=60)


def test_at_the_end_of_a_canceled_period_it_ends_and_its_credits_lapse(shop: Shop, reader: UUID) -> None:
    found = shop.subscription(reader, provider="test", livemode=False)
    shop.book.when(shop.of(found).first_period(seconds=60, now=shop.book.now))
    shop.tell(CancelSubscription, found)
    shop.book.now += timedelta(seconds=60)
    assert names(shop.tell(RenewSubscription, found, period_seconds=60)) == ["SubscriptionEnded"]
    assert shop.book.decision is not None
    assert shop.book.decision.freed == [f"subscription:{reader}"]
    assert names(shop.book.when(ExpireGrants(account_id=reader))) == ["GrantExpired"]
    assert (shop.of(found).status, shop.available(reader)) == ("canceled", 0)
    assert shop.tell(RenewSubscription, found, period_seconds=60) == []


def test_a_refunded_period_loses_its_share_and_an_undone_refund_gives_it_back(shop: Shop, reader: UUID, active: UUID) -> None:
    assert names(shop.reverse_period(active, 750)) == ["PeriodReversed", "GrantRevoked"]
    assert shop.available(reader) == 500 - 500 * 750 // 1499
    assert shop.reverse_period(active, 750) == []
    assert names(shop.tell(UndoPeriodReversal, active, payment="pi_in_1", reversal="re_1")) == [
        "PeriodReversalUndone",
        "CreditsGranted",
    ]
    assert shop.tell(UndoPeriodReversal, active, payment="pi_in_1", reversal="re_1") == []
    assert shop.available(reader) == 500


def test_a_reversal_of_an_unknown_payment_waits_until_it_is_known(shop: Shop, active: UUID) -> None:
    with pytest.raises(ReversalUnknown):
        shop.reverse_period(active, 750, "in_9")


def test_a_subscription_is_the_same_when_folded_again(shop: Shop, active: UUID) -> None:
    shop.reverse_period(active, 1499)
    shop.tell(UndoPeriodReversal, active, payment="pi_in_1", reversal="re_1")
    shop.tell(CancelSubscription, active)
    shop.change(active, "canceled", at=shop.book.now)
    assert vars(shop.book.refold(shop.of(active))) == vars(shop.of(active))
