"""Repeating changes nothing; a different repeat is refused by name."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.credits.commands import GrantCredits, RefundCharge
from domain.credits.refusals import EffectiveTimeRefused, GrantExists, RefundExists
from domain.generations.commands import FailGeneration, FinishCancel, SucceedGeneration
from domain.generations.refusals import GenerationFinal, HoldAlreadyCaptured, HoldAlreadyReleased
from domain.kernel.limits import EFFECTIVE_DAYS_MAX
from tests.support.book import HOUR, Book, asset_of, names


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def payer(book: Book) -> UUID:
    return book.account(credits=25)


def success(book: Book, payer: UUID, generation: UUID, *, price: int) -> SucceedGeneration:
    return SucceedGeneration(
        generation_id=generation,
        account_id=payer,
        attempt=book.start(generation),
        worker="w1",
        assets=[asset_of(UUID(int=7))],
        price=price,
        usage={"item": 1},
    )


def failure(payer: UUID, generation: UUID, *, code: str = "timeout") -> FailGeneration:
    return FailGeneration(generation_id=generation, account_id=payer, attempt=None, code=code, message="late", retryable=True)


def test_the_same_success_again_changes_nothing_and_another_price_is_refused(book: Book, payer: UUID) -> None:
    command = success(book, payer, book.request(payer, 5), price=3)
    book.when(command)
    assert book.when(command) == []
    other = SucceedGeneration(**{name: getattr(command, name) for name in command.__struct_fields__} | {"price": 4})
    with pytest.raises(HoldAlreadyCaptured) as refusal:
        book.when(other)
    assert refusal.value.members == {"status": "succeeded", "charged": 3}
    assert book.credits(payer).available(book.now) == 22


def test_a_charged_generation_cannot_fail_nor_be_canceled_any_more(book: Book, payer: UUID) -> None:
    generation = book.finished(payer)
    with pytest.raises(HoldAlreadyCaptured):
        book.when(failure(payer, generation))
    with pytest.raises(HoldAlreadyCaptured):
        book.when(FinishCancel(generation_id=generation, account_id=payer, attempt=1, delivered_price=0))


def test_the_same_failure_again_changes_nothing_and_a_success_after_it_is_refused(book: Book, payer: UUID) -> None:
    generation = book.request(payer, 5)
    command = success(book, payer, generation, price=5)
    book.when(failure(payer, generation))
    assert book.when(failure(payer, generation)) == []
    with pytest.raises(HoldAlreadyReleased):
        book.when(failure(payer, generation, code="other"))
    with pytest.raises(HoldAlreadyReleased):
        book.when(command)
    assert book.credits(payer).available(book.now) == 25


@pytest.mark.parametrize(("policy", "charged"), [("free", 0), ("delivered", 2), ("full", 5)])
def test_a_cancellation_charges_what_its_policy_says_once(book: Book, payer: UUID, policy: str, charged: int) -> None:
    generation = book.request(payer, 5, on_cancel=policy)
    command = FinishCancel(generation_id=generation, account_id=payer, attempt=book.start(generation), delivered_price=2)
    book.when(command)
    assert (book.generation(generation).status, book.generation(generation).charged) == ("canceled", charged)
    assert book.when(command) == []
    assert book.credits(payer).available(book.now) == 25 - charged


def test_what_was_delivered_is_charged_at_most_up_to_the_hold(book: Book, payer: UUID) -> None:
    generation = book.request(payer, 5, on_cancel="delivered")
    book.when(FinishCancel(generation_id=generation, account_id=payer, attempt=book.start(generation), delivered_price=9))
    assert book.generation(generation).charged == 5


def test_a_free_generation_ends_once_without_any_ledger_fact(book: Book, payer: UUID) -> None:
    generation = book.request(payer, 0)
    command = success(book, payer, generation, price=3)
    assert not [name for name in names(book.when(command)) if name.startswith(("Hold", "Credits"))]
    assert book.when(command) == []
    with pytest.raises(GenerationFinal):
        book.when(failure(payer, generation))


def test_the_same_refund_again_changes_nothing_and_another_amount_is_refused(book: Book, payer: UUID) -> None:
    generation, refund = book.finished(payer), book.id()
    command = RefundCharge(account_id=payer, generation_id=generation, refund_id=refund, amount=2, reason="late")
    book.when(command)
    assert book.when(command) == []
    with pytest.raises(RefundExists) as refusal:
        book.when(RefundCharge(account_id=payer, generation_id=generation, refund_id=refund, amount=3, reason="late"))
    assert refusal.value.members == {"amount": 2}


def test_a_grant_is_made_once(book: Book, payer: UUID) -> None:
    grant = book.grant(payer, 5)
    with pytest.raises(GrantExists):
        book.credits(payer).grant(grant, source="operator", amount=5, priority=0, expires_at=None, now=book.now)


@pytest.mark.parametrize("away", [timedelta(seconds=1), timedelta(days=-EFFECTIVE_DAYS_MAX, seconds=-1)])
def test_a_grant_counts_from_now_or_lately_but_not_from_ever(book: Book, payer: UUID, away: timedelta) -> None:
    book.now += timedelta(days=2 * EFFECTIVE_DAYS_MAX)
    values = {"source": "operator", "amount": 5, "priority": 0, "expires_at": None, "reason": "x"}
    with pytest.raises(EffectiveTimeRefused):
        book.when(GrantCredits(account_id=payer, grant_id=book.id(), effective_at=book.now + away, **values))
    (granted,) = book.when(GrantCredits(account_id=payer, grant_id=book.id(), effective_at=book.now - HOUR, **values))
    assert granted.timestamp == book.now - HOUR


def test_a_grant_does_not_count_from_before_its_book(book: Book, payer: UUID) -> None:
    with pytest.raises(EffectiveTimeRefused):
        book.credits(payer).grant(
            book.id(), source="operator", amount=5, priority=0, expires_at=None, effective_at=book.now - timedelta(seconds=1), now=book.now
        )


def test_an_expiry_counts_from_when_it_was_due_and_what_was_held_from_the_end_of_its_hold(book: Book, payer: UUID) -> None:
    due = book.now + HOUR
    book.grant(payer, 10, priority=-1, expires_at=due)
    generation = book.request(payer, 4)
    book.now += 3 * HOUR
    made = book.when(failure(payer, generation))
    assert names(made) == ["GenerationFailed", "GrantExpired", "HoldReleased", "GrantExpired"]
    assert [(fact.amount, fact.timestamp) for fact in made if type(fact).__name__ == "GrantExpired"] == [(6, due), (4, book.now)]
