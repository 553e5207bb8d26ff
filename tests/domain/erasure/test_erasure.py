"""RequestErasure, CancelForErasure, CompleteErasure"""

import pytest

from domain.access.refusals import Erased
from domain.accounts.account import Account
from domain.accounts.commands import ChangeRights, IssueApiToken, ReactivateAccount, SuspendAccount
from domain.accounts.refusals import AccountNotFound, ErasureNotRequested
from domain.credits.refusals import CreditsAreSuspended
from domain.erasure.commands import CancelForErasure, CompleteErasure, RequestErasure
from domain.generations.refusals import GenerationNotFound
from domain.kernel.commands import CloseWork
from tests.support.book import NOON, Book, names


@pytest.fixture
def book():
    return Book()


@pytest.fixture
def person(book):
    return book.account(credits=25)


def requested(book, person, by="owner"):
    return book.when(RequestErasure(account_id=person, by=by))


def token(book, person):
    token_id = book.id()
    book.when(
        IssueApiToken(account_id=person, token_id=token_id, token_hash="ab" * 32, sealed_name="s", scopes=["usage:read"], expires_at=None)
    )


def test_a_request_shuts_the_door_in_one_commit(book, person):
    token(book, person)
    assert names(requested(book, person)) == ["CreditsSuspended", "AccountErasureRequested"]
    account = book.get(Account, person)
    assert (account.status, account.api_tokens) == ("erasing", {})
    assert sorted(book.decision.freed) == [f"api_token:{'ab' * 32}", f"email:{person.hex}"]


def test_the_welcome_claim_is_taken_with_the_grant_and_never_freed(book, person):
    assert (f"welcome:{person.hex}", person) in book.decision.taken
    requested(book, person)
    assert not any(claim.startswith("welcome:") for claim in book.decision.freed)
    book.account(credits=0)
    assert not any(claim.startswith("welcome:") for claim, _ in book.decision.taken)


def test_a_second_request_changes_nothing_and_frees_nothing(book, person):
    requested(book, person)
    assert requested(book, person, by="operator") == []
    assert book.decision.freed == []
    book.when(CompleteErasure(account_id=person, requested_at=NOON))
    assert requested(book, person, by="restore") == []


def test_a_suspended_account_can_be_erased_too(book, person):
    book.when(SuspendAccount(account_id=person, reason="chargeback"))
    assert names(requested(book, person, by="operator")) == ["AccountErasureRequested"]


def test_nothing_new_begins_after_the_request(book, person):
    requested(book, person)
    with pytest.raises(CreditsAreSuspended):
        book.request(person)


@pytest.mark.parametrize("started", [False, True])
def test_an_open_generation_ends_canceled_and_free(book, person, started):
    generation = book.request(person, 5)
    if started:
        book.start(generation)
    requested(book, person)
    facts = book.when(CancelForErasure(account_id=person, generation_id=generation))
    assert names(facts) == ["GenerationCanceled", "HoldReleased"]
    assert book.decision.work == [CloseWork(generation_id=generation)]
    assert (book.credits(person).available(NOON), book.credits(person).holds) == (25, {})
    assert book.generation(generation).charged == 0
    assert book.when(CancelForErasure(account_id=person, generation_id=generation)) == []


def test_a_final_generation_stays_as_it_is(book, person):
    generation = book.finished(person)
    requested(book, person)
    assert book.when(CancelForErasure(account_id=person, generation_id=generation)) == []
    with pytest.raises(GenerationNotFound):
        book.when(CancelForErasure(account_id=book.account(), generation_id=generation))


def test_an_erasure_ends_once_and_only_after_its_request(book, person):
    with pytest.raises(ErasureNotRequested):
        book.when(CompleteErasure(account_id=person, requested_at=NOON))
    requested(book, person)
    assert names(book.when(CompleteErasure(account_id=person, requested_at=NOON))) == ["AccountErased"]
    assert book.when(CompleteErasure(account_id=person, requested_at=NOON)) == []
    account = book.get(Account, person)
    assert (account.status, account.sealed_profile, account.email_index, account.sealed_password_hash) == ("erased", "", "", "")
    assert vars(book.refold(account)) == vars(account)


@pytest.mark.parametrize("complete", [False, True])
def test_nothing_else_can_be_done_with_the_account(book, person, complete):
    requested(book, person)
    if complete:
        book.when(CompleteErasure(account_id=person, requested_at=NOON))
    for command in (
        ChangeRights(account_id=person, roles=["user", "operator"], reason="x"),
        ReactivateAccount(account_id=person, reason="x"),
        SuspendAccount(account_id=person, reason="x"),
    ):
        with pytest.raises(Erased):
            book.when(command)
    assert book.credits(person).suspended


def test_who_never_was_cannot_be_erased(book):
    with pytest.raises(AccountNotFound):
        book.when(CompleteErasure(account_id=book.id(), requested_at=NOON))
