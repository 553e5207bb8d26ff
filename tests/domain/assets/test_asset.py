"""Uploads, public links and deletions, as decided and as recorded"""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.assets import commands
from domain.assets.asset import Asset
from domain.assets.refusals import AssetNotFound
from tests.support.book import HOUR, Book, asset_of, names

ALICE, BOB = UUID(int=1), UUID(int=2)


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def stored(book: Book) -> UUID:
    asset_id = book.id()
    made = book.when(commands.StoreUpload(account_id=ALICE, asset=asset_of(asset_id)))
    assert names(made) == ["AssetStored"]
    return asset_id


def link(book: Book, asset_id: UUID, token: str = "aa", account_id: UUID = ALICE) -> commands.ShareAsset:
    return commands.ShareAsset(
        asset_id=asset_id, account_id=account_id, token_hash=token, sealed_token=f"s1.{token}", expires_at=book.now + HOUR
    )


def asset(book: Book, asset_id: UUID) -> Asset:
    found = book.get(Asset, asset_id)
    assert found is not None
    return found


def test_an_upload_belongs_to_its_owner_and_to_no_generation(book: Book, stored: UUID):
    found = asset(book, stored)
    assert (found.account_id, found.source, found.generation_id, found.deleted) == (ALICE, "upload", None, False)
    assert book.decision and book.decision.result == {"asset_id": str(stored)}


def test_a_link_works_from_its_making_to_its_time_and_not_a_moment_longer(book: Book, stored: UUID):
    book.when(link(book, stored))
    found = asset(book, stored)
    assert found.shared_by("aa", now=book.now)
    assert found.shared_by("aa", now=book.now + HOUR - timedelta(microseconds=1))
    assert not found.shared_by("aa", now=book.now + HOUR)
    assert not found.shared_by("bb", now=book.now)
    assert book.decision and list(book.decision.taken) == [("share:aa", stored)]


def test_a_new_link_gives_up_the_claim_of_the_one_before(book: Book, stored: UUID):
    book.when(link(book, stored))
    book.when(link(book, stored, "bb"))
    assert book.decision and (list(book.decision.taken), list(book.decision.freed)) == ([("share:bb", stored)], ["share:aa"])
    assert not asset(book, stored).shared_by("aa", now=book.now)


def test_an_ended_link_is_ended_once(book: Book, stored: UUID):
    book.when(link(book, stored))
    end = commands.UnshareAsset(asset_id=stored, account_id=ALICE)
    assert names(book.when(end)) == ["AssetUnshared"]
    assert book.decision and list(book.decision.freed) == ["share:aa"]
    assert names(book.when(end)) == []
    assert not asset(book, stored).shared_by("aa", now=book.now)


def test_a_deletion_ends_the_link_and_says_why(book: Book, stored: UUID):
    book.when(link(book, stored))
    made = book.when(commands.DeleteAsset(asset_id=stored, account_id=ALICE, cause="upload_retention"))
    assert [(fact.TOPIC, fact.cause) for fact in made] == [("assets.deleted", "upload_retention")]
    assert book.decision and list(book.decision.freed) == ["share:aa"]
    assert not asset(book, stored).shared_by("aa", now=book.now)
    for late in (link(book, stored), commands.UnshareAsset(asset_id=stored, account_id=ALICE)):
        with pytest.raises(AssetNotFound):
            book.when(late)


def test_nobody_else_can_share_or_delete_it(book: Book, stored: UUID):
    for command in (
        link(book, stored, account_id=BOB),
        commands.UnshareAsset(asset_id=stored, account_id=BOB),
        commands.DeleteAsset(asset_id=stored, account_id=BOB),
    ):
        with pytest.raises(AssetNotFound):
            book.when(command)
    assert names(book.facts) == ["AssetStored"]


def test_an_asset_is_the_same_from_its_facts(book: Book, stored: UUID):
    book.when(link(book, stored))
    book.when(commands.RenameAsset(asset_id=stored, account_id=ALICE, sealed_filename="s1.new"))
    book.when(commands.UnshareAsset(asset_id=stored, account_id=ALICE))
    book.when(link(book, stored, "cc"))
    found, again = asset(book, stored), book.refold(asset(book, stored))
    assert {name: getattr(again, name) for name in vars(found)} == vars(found)
    assert again.sealed_share_token == "s1.cc"
