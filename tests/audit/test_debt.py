"""Debt is paid as soon as credits are free: verify finds a ledger that forgot to, and lets the ways in which it may last."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.credits.commands import AdjustCredits, RevokeGrant
from domain.credits.credit_account import CreditAccount
from projections.audit.verify import verify
from tests.support.logged_book import LoggedBook
from tests.support.projecting import Library


def adjust(book: LoggedBook, account: UUID, amount: int) -> None:
    book.when(AdjustCredits(account_id=account, adjustment_id=book.id(), amount=amount, reason="sealed"))


def granted_while_owing(book: LoggedBook) -> None:
    account = book.account(credits=0)
    adjust(book, account, -7)
    book.grant(account, 20)


def returned_while_owing(book: LoggedBook) -> None:
    """What a hold gives back pays what was owed meanwhile."""
    account = book.account(credits=10)
    generation = book.request(account, 10)
    attempt = book.start(generation)
    adjust(book, account, -4)
    book.succeed(account, generation, attempt=attempt, price=3)


def corrected_upwards(book: LoggedBook) -> None:
    account = book.account(credits=5)
    adjust(book, account, -8)
    adjust(book, account, 1)


def debt_that_may_last(book: LoggedBook) -> None:
    """Nothing is free: all is held, or lapses before it could pay, or was taken back itself."""
    account = book.account(credits=10)
    generation = book.request(account, 10)
    adjust(book, account, -4)
    book.succeed(account, generation, attempt=book.start(generation), price=10)
    short = book.grant(account, 3, expires_at=book.now + timedelta(hours=1))
    assert str(short) not in book.credits(account).grants, "it has paid"
    later = book.grant(account, 9)
    book.when(RevokeGrant(account_id=account, grant_id=later, reason="sealed"))
    adjust(book, account, -2)
    assert book.credits(account).owed == -2


FORGETFUL = (granted_while_owing, returned_while_owing, corrected_upwards)


@pytest.mark.parametrize("story", [*FORGETFUL, debt_that_may_last])
async def test_a_right_ledger_passes(library: Library, story: Callable[[LoggedBook], None]):
    story(library.book)
    await library.project()
    report = await verify(library.url)
    assert report.first_difference is None and report.ok


@pytest.mark.parametrize("story", FORGETFUL)
async def test_credits_that_are_free_while_some_are_owed_are_found(
    library: Library, story: Callable[[LoggedBook], None], monkeypatch: pytest.MonkeyPatch
):
    """All postings, holds and read models agree; only the rule is broken."""
    monkeypatch.setattr(CreditAccount, "_clear_debt", lambda account, now: None)
    story(library.book)
    head = await library.project()
    found = (await verify(library.url)).first_difference
    assert found is not None
    assert found.where == "log" and "are free while some are owed" in found.what
    assert found.position == head
