"""What the ledger promises, fact by fact."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.accounts.commands import ReactivateAccount, SuspendAccount
from domain.credits import events
from domain.credits.commands import ExpireGrants, RefundCharge, RevokeGrant
from domain.credits.refusals import (
    ChargeFullyRefunded,
    CreditAccountNotFound,
    CreditsAreSuspended,
    GrantAmountInvalid,
    GrantWasPaid,
    HoldExists,
    HoldMissing,
    InsufficientCredits,
    NothingToRefund,
    RefundExceedsCharge,
    TooManyOpenGenerations,
)
from domain.generations.commands import FailGeneration
from domain.generations.refusals import GenerationNotFound
from domain.kernel.facts import Fact
from tests.support.book import HOUR, Book, names, request_of


def ledger(book: Book) -> dict[str, int]:
    """The four columns summed over every fact so far, and each outside book."""
    sums: dict[str, int] = {"available": 0, "held": 0, "owed": 0, "outside": 0}
    for fact in book.facts:
        postings = fact.postings()
        if postings:
            assert postings.available + postings.held + postings.owed + postings.outside == 0
            for name in ("available", "held", "owed", "outside"):
                sums[name] += getattr(postings, name)
            if postings.book:
                sums[postings.book] = sums.get(postings.book, 0) + postings.outside
    return sums


def part_sizes(fact: Fact) -> list[tuple[UUID, int]]:
    assert isinstance(fact, events.CreditsHeld | events.HoldCaptured)
    return [(part.grant_id, part.amount) for part in fact.parts]


def test_a_request_holds_its_quote_and_leaves_the_rest_available() -> None:
    book = Book()
    account = book.account(credits=25)
    book.request(account, 5)
    assert book.credits(account).available(book.now) == 20
    assert ledger(book)["available"] == 20
    assert ledger(book)["held"] == 5


def test_an_unpaid_request_says_what_is_missing_and_changes_nothing() -> None:
    book = Book()
    account = book.account(credits=3)
    before = len(book.facts)
    with pytest.raises(InsufficientCredits) as refusal:
        book.request(account, 5)
    assert refusal.value.members == {"required": 5, "available": 3, "missing": 2}
    assert len(book.facts) == before
    assert book.credits(account).pending_events == []


def test_a_capture_charges_what_was_delivered_and_returns_the_rest() -> None:
    book = Book()
    account = book.account(credits=25)
    book.finished(account, quoted=15, price=10)
    assert book.credits(account).available(book.now) == 15
    assert ledger(book) == {"available": 15, "held": 0, "owed": 0, "outside": -15, "issued:welcome": -25, "revenue:image": 10}


def test_a_capture_is_capped_at_the_hold() -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.finished(account, quoted=5, price=9)
    assert book.generation(generation).charged == 5
    assert book.credits(account).available(book.now) == 20


def test_a_failure_releases_the_whole_hold() -> None:
    book = Book()
    account = book.account(credits=5)
    generation = book.request(account, 5)
    attempt = book.start(generation)
    made = book.when(
        FailGeneration(generation_id=generation, account_id=account, attempt=attempt, code="auth", message="no", retryable=False)
    )
    assert names(made) == ["GenerationFailed", "HoldReleased"]
    assert book.credits(account).available(book.now) == 5


def test_a_free_generation_makes_no_ledger_fact() -> None:
    book = Book()
    account = book.account(credits=0)
    before = ledger(book)
    book.finished(account, quoted=0, price=0)
    assert ledger(book) == before


def test_grants_burn_by_priority_then_expiry_then_creation() -> None:
    book = Book()
    account = book.account(credits=0)
    late = book.grant(account, 2, expires_at=book.now + 9 * HOUR)
    never = book.grant(account, 2)
    soon = book.grant(account, 2, expires_at=book.now + HOUR)
    first = book.grant(account, 2, priority=-1)
    younger = book.grant(account, 2)
    made = book.when(request_of(book.id(), account, 9, now=book.now))
    held = made[-2]
    assert part_sizes(held) == [(first, 2), (soon, 2), (late, 2), (never, 2), (younger, 1)]


def test_a_charge_says_which_grants_paid_in_burn_order_and_the_rest_returns_to_the_same_grants() -> None:
    book = Book()
    account = book.account(credits=0)
    soon = book.grant(account, 3, expires_at=book.now + HOUR)
    never = book.grant(account, 10)
    generation = book.request(account, 8)
    attempt = book.start(generation)
    captured = book.succeed(account, generation, attempt=attempt, price=4)[-1]
    assert part_sizes(captured) == [(soon, 3), (never, 1)]
    assert book.credits(account).grants[str(never)]["free"] == 9
    assert str(soon) not in book.credits(account).grants


def test_an_expired_grant_lapses_with_the_next_command_and_pays_nothing() -> None:
    book = Book()
    account = book.account(credits=5)
    book.grant(account, 7, expires_at=book.now + HOUR)
    book.now += 2 * HOUR
    with pytest.raises(InsufficientCredits) as refusal:
        book.request(account, 6)
    assert refusal.value.available == 5
    made = book.when(request_of(book.id(), account, 5, now=book.now))
    assert names(made) == ["GrantExpired", "CreditsHeld", "GenerationRequested"]
    assert ledger(book)["breakage"] == 7


def test_a_grant_that_expires_while_held_becomes_breakage_when_the_hold_ends() -> None:
    book = Book()
    account = book.account(credits=0)
    book.grant(account, 10, expires_at=book.now + HOUR)
    generation = book.request(account, 6)
    attempt = book.start(generation)
    book.now += 2 * HOUR
    assert names(book.when(ExpireGrants(account_id=account))) == ["GrantExpired"]
    made = book.succeed(account, generation, attempt=attempt, price=2)
    assert names(made)[-2:] == ["HoldCaptured", "GrantExpired"]
    assert ledger(book) == {"available": 0, "held": 0, "owed": 0, "outside": 0, "issued:operator": -10, "breakage": 8, "revenue:image": 2}


def test_expiring_grants_again_changes_nothing() -> None:
    book = Book()
    account = book.account(credits=0)
    book.grant(account, 10, expires_at=book.now + HOUR)
    book.now += 2 * HOUR
    assert names(book.when(ExpireGrants(account_id=account))) == ["GrantExpired"]
    assert book.when(ExpireGrants(account_id=account)) == []


def test_welcome_credits_do_not_pay_for_models_outside_the_free_tier() -> None:
    book = Book()
    account = book.account(credits=25)
    book.grant(account, 4)
    with pytest.raises(InsufficientCredits) as refusal:
        book.request(account, 5, free_tier=False)
    assert refusal.value.available == 4


def test_a_refund_is_a_new_grant_that_names_its_charge() -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.finished(account, quoted=5)
    refund = book.id()
    made = book.when(RefundCharge(account_id=account, generation_id=generation, refund_id=refund, amount=2, reason="late"))
    assert names(made) == ["ChargeRefunded", "CreditsGranted"]
    granted = made[-1]
    assert isinstance(granted, events.CreditsGranted)
    assert (granted.source, granted.amount, granted.charge_id, granted.expires_at) == ("refund", 2, generation, None)
    assert book.credits(account).available(book.now) == 22
    assert book.generation(generation).charged == 5


def test_a_refund_expires_with_its_grants_but_not_before_thirty_days() -> None:
    book = Book()
    account = book.account(credits=0)
    book.grant(account, 5, expires_at=book.now + HOUR)
    generation = book.finished(account, quoted=5)
    made = book.when(RefundCharge(account_id=account, generation_id=generation, refund_id=book.id(), amount=None, reason="late"))
    granted = made[-1]
    assert isinstance(granted, events.CreditsGranted)
    assert granted.expires_at == book.now + timedelta(days=30)


def test_refunds_never_exceed_the_charge() -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.finished(account, quoted=5)
    book.when(RefundCharge(account_id=account, generation_id=generation, refund_id=book.id(), amount=3, reason="late"))
    with pytest.raises(RefundExceedsCharge) as refusal:
        book.when(RefundCharge(account_id=account, generation_id=generation, refund_id=book.id(), amount=3, reason="again"))
    assert refusal.value.members == {"asked": 3, "left": 2}


@pytest.mark.parametrize("amount", [None, 1])
def test_what_was_refunded_in_full_has_nothing_left(amount: int | None) -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.finished(account, quoted=5)
    book.when(RefundCharge(account_id=account, generation_id=generation, refund_id=book.id(), amount=None, reason="late"))
    with pytest.raises(ChargeFullyRefunded):
        book.when(RefundCharge(account_id=account, generation_id=generation, refund_id=book.id(), amount=amount, reason="again"))


def test_repeating_a_refund_changes_nothing() -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.finished(account, quoted=5)
    refund = RefundCharge(account_id=account, generation_id=generation, refund_id=book.id(), amount=3, reason="late")
    assert len(book.when(refund)) == 2
    assert book.when(refund) == []


def test_an_uncharged_generation_cannot_be_refunded() -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.request(account, 5)
    with pytest.raises(NothingToRefund):
        book.when(RefundCharge(account_id=account, generation_id=generation, refund_id=book.id(), amount=1, reason="?"))


def test_somebody_elses_charge_cannot_be_refunded_to_me() -> None:
    book = Book()
    theirs = book.finished(book.account())
    with pytest.raises(GenerationNotFound):
        book.when(RefundCharge(account_id=book.account(), generation_id=theirs, refund_id=book.id(), amount=1, reason="?"))


def test_a_suspended_account_gets_no_new_hold_but_its_open_ones_end_as_usual() -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.request(account, 5)
    attempt = book.start(generation)
    book.when(SuspendAccount(account_id=account, reason="abuse"))
    with pytest.raises(CreditsAreSuspended) as refusal:
        book.request(account, 5)
    assert refusal.value.code == "account_suspended"
    book.succeed(account, generation, attempt=attempt, price=5)
    book.when(ReactivateAccount(account_id=account, reason="cleared"))
    book.request(account, 5)
    assert book.credits(account).available(book.now) == 15


def test_one_generation_holds_once() -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.request(account, 5)
    with pytest.raises(HoldExists):
        book.credits(account).hold(generation, amount=5, kind="image", free_tier=True, now=book.now)


def test_an_ended_hold_cannot_end_again() -> None:
    book = Book()
    account = book.account(credits=25)
    generation = book.finished(account)
    with pytest.raises(HoldMissing):
        book.credits(account).release(generation, now=book.now)
    with pytest.raises(HoldMissing):
        book.credits(account).capture(generation, charged=5, now=book.now)


@pytest.mark.parametrize("amount", [0, -1, 1_000_000_001])
def test_a_grant_has_a_sensible_amount(amount: int) -> None:
    book = Book()
    account = book.account()
    with pytest.raises(GrantAmountInvalid):
        book.grant(account, amount)


def test_a_grant_to_nobody_is_refused() -> None:
    book = Book()
    with pytest.raises(CreditAccountNotFound):
        book.grant(book.id(), 5)


def test_the_ledger_account_stays_small_however_much_it_has_paid_for() -> None:
    book = Book()
    account = book.account(credits=0)
    book.grant(account, 5_000)
    for _ in range(500):
        book.finished(account, quoted=5)
    credits = book.credits(account)
    assert (len(credits.grants), len(credits.holds)) == (1, 0)
    assert credits.available(book.now) == 2_500


def test_folding_the_stream_again_gives_the_same_account() -> None:
    book = Book()
    account = book.account(credits=25)
    book.grant(account, 9, expires_at=book.now + HOUR)
    book.finished(account, quoted=7, price=3)
    book.request(account, 4)
    credits = book.credits(account)
    again = book.refold(credits)
    assert vars(again) == vars(credits)


@pytest.mark.parametrize("source", ["purchase", "subscription", "test"])
def test_what_was_paid_for_goes_back_with_its_payment_and_not_by_an_operator(source: str) -> None:
    book = Book()
    account = book.account(credits=0)
    grant_id = book.grant(account, 100, source=source)
    with pytest.raises(GrantWasPaid):
        book.when(RevokeGrant(account_id=account, grant_id=grant_id, reason="a mistake"))
    assert book.credits(account).available(book.now) == 100


def test_an_account_has_so_many_open_generations_and_one_that_ends_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.credits.credit_account.OPEN_GENERATIONS_MAX", 2)
    book = Book()
    account = book.account(credits=100)
    first = book.request(account, 5)
    book.request(account, 5)
    with pytest.raises(TooManyOpenGenerations) as refusal:
        book.request(account, 5)
    assert refusal.value.fields["limit"] == 2
    book.succeed(account, first, attempt=book.start(first), price=5)
    book.request(account, 5)
    assert ledger(book)["held"] == 10
