"""What stands in the log of an account's own keys: that, where and since when, and nothing of the key."""

from datetime import timedelta

import pytest

from domain.kernel.ids import provider_keys_stream
from domain.provider_keys.commands import RemoveProviderKey, SetProviderKey
from domain.provider_keys.events import ProviderKeyRemoved, ProviderKeySet, ProviderKeysOpened
from domain.provider_keys.provider_keys import ProviderKeys, check_provider
from domain.provider_keys.refusals import ProviderKeyNotFound, ProviderNotFound, ProviderTakesNoKey
from tests.support.book import Book


@pytest.fixture
def book():
    return Book()


def kept(book, account_id):
    return book.get(ProviderKeys, provider_keys_stream(account_id)).keys


def test_the_first_key_begins_the_stream_and_a_second_replaces_it(book):
    account_id, first, second = book.id(), book.id(), book.id()
    facts = book.when(SetProviderKey(account_id=account_id, provider="fal", key_id=first))
    assert [type(fact) for fact in facts] == [ProviderKeysOpened, ProviderKeySet]
    assert book.decision.result == {"key_id": str(first), "replaced": None}
    since, book.now = book.now, book.now + timedelta(hours=1)
    facts = book.when(SetProviderKey(account_id=account_id, provider="fal", key_id=second))
    assert [type(fact) for fact in facts] == [ProviderKeySet]
    assert book.decision.result == {"key_id": str(second), "replaced": str(first)}
    assert kept(book, account_id) == {"fal": {"key_id": second, "created_at": since, "updated_at": book.now}}


def test_a_repeat_says_nothing_new(book):
    asked = SetProviderKey(account_id=book.id(), provider="fal", key_id=book.id())
    assert len(book.when(asked)) == 2
    assert book.when(asked) == []


def test_a_removed_key_is_gone_and_the_next_one_counts_from_then(book):
    account_id = book.id()
    book.when(SetProviderKey(account_id=account_id, provider="fal", key_id=book.id()))
    facts = book.when(RemoveProviderKey(account_id=account_id, provider="fal"))
    assert [type(fact) for fact in facts] == [ProviderKeyRemoved]
    assert kept(book, account_id) == {}
    book.now += timedelta(hours=1)
    book.when(SetProviderKey(account_id=account_id, provider="fal", key_id=book.id()))
    assert kept(book, account_id)["fal"]["created_at"] == book.now


def test_what_is_not_there_cannot_be_removed(book):
    account_id = book.id()
    with pytest.raises(ProviderKeyNotFound):
        book.when(RemoveProviderKey(account_id=account_id, provider="fal"))
    book.when(SetProviderKey(account_id=account_id, provider="replicate", key_id=book.id()))
    with pytest.raises(ProviderKeyNotFound):
        book.when(RemoveProviderKey(account_id=account_id, provider="fal"))


@pytest.mark.parametrize("provider", ["twilio", "openai", "kie-runway", "house"])
def test_keys_are_kept_for_vendors_and_whatever_the_catalogue_names(provider):
    assert check_provider(provider, frozenset({"house", "builtin"})) is None


@pytest.mark.parametrize(
    ("provider", "refusal"), [("builtin", ProviderTakesNoKey), ("noop", ProviderTakesNoKey), ("nobody", ProviderNotFound)]
)
def test_there_are_no_keys_for_what_runs_here_and_for_what_does_not_exist(provider, refusal):
    with pytest.raises(refusal):
        check_provider(provider, frozenset({"house", "builtin", "noop"}))
