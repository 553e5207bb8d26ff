"""What is heard of a payment, shuffled and repeated at will, leads to the same book: granted once, and taken back no more than given."""

import os
import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.credits.events import CreditsGranted
from domain.orders.events import OrderPaid
from tests.support.shopping import Shop

#: What a payment service may tell of one order, each any number of times: name -> what is done.
HEARD: dict[str, Callable[[Shop, UUID], object]] = {
    "paid": lambda shop, order: shop.pay(order),
    "expired": lambda shop, order: shop.cancel(order, "expired"),
    "failed": lambda shop, order: shop.cancel(order, "failed"),
    "a third refunded": lambda shop, order: shop.reverse(order, 166, "re_1"),
    "two thirds refunded": lambda shop, order: shop.reverse(order, 332, "re_1"),
    "a tenth refunded": lambda shop, order: shop.reverse(order, 49, "re_2"),
    "that refund failed": lambda shop, order: shop.undo(order, "re_2"),
    "disputed": lambda shop, order: shop.reverse(order, 499, "dp_1"),
    "dispute won": lambda shop, order: shop.undo(order, "dp_1"),
}
SAID = st.lists(st.sampled_from(sorted(HEARD)), min_size=1, max_size=8)


def told(said: list[str]) -> tuple[object, ...]:
    """The end of a book in which *said* was heard in this order: state of the order, credits left, grants, what is owed."""
    shop = Shop()
    buyer = shop.book.account(credits=0)
    order_id = shop.order(buyer)
    for word in said:
        HEARD[word](shop, order_id)
    order, credits = shop.at(order_id), shop.book.credits(buyer)
    granted = [fact for fact in shop.book.facts if isinstance(fact, CreditsGranted) and fact.grant_id == order_id]
    assert len([fact for fact in shop.book.facts if isinstance(fact, OrderPaid)]) == len(granted) == ("paid" in said)
    standing = {key: each["total"] for key, each in order.reversals.items() if not each["undone"]}
    return order.status, standing, credits.available(shop.book.now), credits.owed


@given(said=SAID, data=st.data())
def test_any_order_and_any_number_of_repeats_end_in_the_same_book(said: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(said + data.draw(st.lists(st.sampled_from(said), max_size=4))))
    assert told(shuffled)[1:] == told(said)[1:]
    # Which of two reasons closed an unpaid order first is nobody's concern; that it is closed is.
    assert told(shuffled)[0] == told(said)[0]


@given(said=SAID)
def test_the_book_is_what_stands_against_the_price(said: list[str]) -> None:
    status, standing, available, owed = told(said)
    assert isinstance(standing, dict)
    gone = min(499, sum(standing.values()))
    expected = 100 - 100 * gone // 499 if "paid" in said else 0
    assert (available, owed) == (expected, 0)
    if "paid" in said:
        assert status == ("refunded" if gone == 499 else "paid")


@pytest.mark.long
def test_spent_refunded_and_lapsed_credits_never_exceed_what_was_granted() -> None:
    """The same with spending and the passing of time between: what is left is what was given less what was taken, lapsed and spent."""
    chance = random.Random(int(os.environ.get("SEED", "1")))
    for _ in range(2_000):
        spent_between(chance)


@given(seed=st.integers(0, 2**32))
def test_what_is_owed_is_never_more_than_what_was_spent(seed: int) -> None:
    spent_between(random.Random(seed))


def spent_between(chance: random.Random) -> None:
    shop = Shop()
    buyer = shop.book.account(credits=0)
    order_id = shop.order(buyer, valid_days=chance.choice([1, 2, 365]))
    shop.pay(order_id)
    spent = 0
    for word in chance.choices(sorted(HEARD), k=chance.randrange(1, 8)):
        HEARD[word](shop, order_id)
        shop.book.now += timedelta(hours=chance.choice([0, 1, 30]))
        price = chance.randrange(1, 60)
        if shop.available(buyer) >= price and shop.book.credits(buyer).owed == 0:
            shop.book.finished(buyer, quoted=price)
            spent += price
    credits = shop.book.credits(buyer)
    assert credits.owed <= 0
    assert -credits.owed <= spent
    assert shop.available(buyer) >= 0
    sums = [fact.postings() for fact in shop.book.facts]
    assert sum(posting.available + posting.held for posting in sums if posting) >= 0
