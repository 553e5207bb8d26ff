"""Who an account is, what it may do, and how it proves it."""

from datetime import timedelta

import pytest

from domain.accounts import commands
from domain.accounts.account import Account
from domain.accounts.refusals import (
    AccountNotFound,
    ApiTokenNotFound,
    EmailTaken,
    PasswordChangedMeanwhile,
    ProfileChangedMeanwhile,
    ResetTokenInvalid,
    TooManyApiTokens,
)
from domain.kernel.limits import API_TOKENS_MAX
from tests.support.book import HOUR, Book, names


@pytest.fixture
def book() -> Book:
    return Book()


def account_in(book: Book, account_id) -> Account:
    found = book.get(Account, account_id)
    assert found is not None
    return found


def issue_token(book: Book, account, *, token_hash: str = "hash"):
    token = book.id()
    book.when(
        commands.IssueApiToken(
            account_id=account, token_id=token, token_hash=token_hash, sealed_name="s", scopes=["usage:read"], expires_at=None
        )
    )
    return token


def test_registering_opens_the_ledger_grants_welcome_credits_and_claims_the_email(book: Book) -> None:
    account = book.account(credits=25)
    assert names(book.facts) == ["AccountRegistered", "CreditAccountOpened", "CreditsGranted"]
    assert book.decision.taken == [(f"email:{account.hex}", account), (f"welcome:{account.hex}", account)]
    assert isinstance(book.decision.when_taken(), EmailTaken)
    assert account_in(book, account).status == "active"


def test_without_welcome_credits_nothing_is_granted(book: Book) -> None:
    book.account(credits=0)
    assert names(book.facts) == ["AccountRegistered", "CreditAccountOpened"]


@pytest.mark.parametrize(
    "change",
    [
        lambda a: commands.ChangeRights(account_id=a, roles=["user", "auditor"], reason="asked"),
        lambda a: commands.ChangeRights(account_id=a, limits={"api": "10/60"}, reason="abuse"),
        lambda a: commands.SuspendAccount(account_id=a, reason="abuse"),
    ],
)
def test_repeating_a_change_records_nothing(book: Book, change) -> None:
    account = book.account()
    assert book.when(change(account)) != []
    assert book.when(change(account)) == []


def test_reactivating_an_active_account_records_nothing(book: Book) -> None:
    account = book.account()
    assert book.when(commands.ReactivateAccount(account_id=account, reason="?")) == []


def test_a_profile_changes(book: Book) -> None:
    account = book.account()
    book.when(commands.ChangeProfile(account_id=account, sealed_profile="new"))
    assert account_in(book, account).sealed_profile == "new"


def test_a_profile_changes_only_if_it_is_still_the_one_that_was_read(book: Book) -> None:
    account = book.account()
    read = account_in(book, account).sealed_profile
    assert names(book.when(commands.ChangeProfile(account_id=account, sealed_profile="a", expected_profile=read))) == ["ProfileChanged"]
    with pytest.raises(ProfileChangedMeanwhile):
        book.when(commands.ChangeProfile(account_id=account, sealed_profile="b", expected_profile=read))


def test_a_password_changes_only_if_it_is_still_the_one_that_was_checked(book: Book) -> None:
    account = book.account()
    change = commands.ChangePassword(account_id=account, sealed_password_hash="new", expected_hash="sealed-hash")
    assert names(book.when(change)) == ["PasswordChanged"]
    with pytest.raises(PasswordChangedMeanwhile):
        book.when(change)


def test_a_reset_token_works_once_and_in_time(book: Book) -> None:
    account = book.account()
    issue = commands.IssuePasswordReset(account_id=account, token_hash="t", expires_at=book.now + HOUR, reason="lost")
    reset = commands.ResetPassword(account_id=account, token_hash="t", sealed_password_hash="new")
    book.when(issue)
    book.now += timedelta(minutes=59)
    book.when(reset)
    assert account_in(book, account).sealed_password_hash == "new"
    with pytest.raises(ResetTokenInvalid):
        book.when(reset)


def test_a_late_or_wrong_reset_token_is_refused(book: Book) -> None:
    account = book.account()
    book.when(commands.IssuePasswordReset(account_id=account, token_hash="t", expires_at=book.now + HOUR, reason="lost"))
    with pytest.raises(ResetTokenInvalid):
        book.when(commands.ResetPassword(account_id=account, token_hash="other", sealed_password_hash="new"))
    book.now += HOUR
    with pytest.raises(ResetTokenInvalid):
        book.when(commands.ResetPassword(account_id=account, token_hash="t", sealed_password_hash="new"))


def test_an_api_token_is_claimed_by_its_hash_and_freed_when_revoked(book: Book) -> None:
    account = book.account()
    token = issue_token(book, account, token_hash="abc")
    assert book.decision.taken == [("api_token:abc", account)]
    assert account_in(book, account).api_tokens[str(token)]["scopes"] == ["usage:read"]
    book.when(commands.RevokeApiToken(account_id=account, token_id=token))
    assert book.decision.freed == ["api_token:abc"]
    with pytest.raises(ApiTokenNotFound):
        book.when(commands.RevokeApiToken(account_id=account, token_id=token))


def test_api_tokens_have_a_limit(book: Book) -> None:
    account = book.account()
    for number in range(API_TOKENS_MAX):
        issue_token(book, account, token_hash=str(number))
    with pytest.raises(TooManyApiTokens):
        issue_token(book, account)


def test_a_command_to_nobody_is_refused(book: Book) -> None:
    with pytest.raises(AccountNotFound):
        book.when(commands.ChangeProfile(account_id=book.id(), sealed_profile="s"))


def test_folding_the_stream_again_gives_the_same_account(book: Book) -> None:
    account = book.account()
    issue_token(book, account)
    book.when(commands.ChangeRights(account_id=account, roles=["operator"], reason="r"))
    book.when(commands.SuspendAccount(account_id=account, reason="r"))
    book.when(commands.ReactivateAccount(account_id=account, reason="r"))
    book.when(commands.ChangeRights(account_id=account, limits={"api": "1/1"}, reason="r"))
    found = account_in(book, account)
    assert vars(book.refold(found)) == vars(found)
