"""The price books: what the built-in one sells, how an installation adds versions, and which mistakes are named."""

from pathlib import Path

import pytest

from domain.orders.refusals import PackageNotFound
from domain.subscriptions.refusals import PlanNotFound
from infra.catalogue import CatalogueInvalid, load_catalogue
from infra.catalogue.price_books import load_price_books, priced

BOOK = """
[[books]]
version = 2
own_key = { "*" = 1, image = 2, "builtin/sketch-1" = 3 }

[[books.packages]]
id = "tiny"
title = "Tiny"
credits = 10
amount = 100
currency = "EUR"
valid_days = 30

[books.models]
"builtin/sketch-1" = 7
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(text)
    return path


def test_price_book_one_is_built_in():
    book = load_price_books().now
    assert book.version == 1
    assert [(each.id, each.credits, each.amount, each.currency, each.valid_days) for each in book.packages] == [
        ("starter", 100, 499, "USD", 365),
        ("standard", 250, 999, "USD", 365),
        ("pro", 1000, 2999, "USD", 365),
    ]
    assert [(each.id, each.credits, each.amount, each.currency) for each in book.plans] == [
        ("premium", 500, 1499, "USD"),
        ("pro", 2000, 4999, "USD"),
    ]
    assert book.own_key_rate(model="any/model", kind="text") == 1


def test_a_further_version_is_in_force_and_the_old_one_stays_readable(tmp_path: Path):
    books = load_price_books(write(tmp_path, BOOK))
    assert (books.now.version, books.versions) == (2, [1, 2])
    assert books.now.package("tiny").credits == 10
    old = books.version(1)
    assert old and old.package("starter").amount == 499
    assert books.version(3) is None


def test_what_is_not_sold_is_refused():
    book = load_price_books().now
    with pytest.raises(PackageNotFound):
        book.package("premium")
    with pytest.raises(PlanNotFound):
        book.plan("starter")


def test_own_keys_are_priced_by_model_then_by_kind_then_for_all(tmp_path: Path):
    book = load_price_books(write(tmp_path, BOOK)).now
    rates = [book.own_key_rate(model=model, kind=kind) for model, kind in [("builtin/sketch-1", "image"), ("x", "image"), ("x", "text")]]
    assert rates == [3, 2, 1]


def test_a_book_prices_models_over_the_catalogue_and_quotes_name_its_version(tmp_path: Path):
    catalogue = priced(load_catalogue(None), load_price_books(write(tmp_path, BOOK)).now)
    assert catalogue.price_version == 2
    assert catalogue.model("image", "builtin/sketch-1").price == 7
    same = priced(load_catalogue(None), load_price_books().now)
    assert (same.price_version, same.model("image", None).price) == (1, 5)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "books: must be an array of tables"),
        ("books = 1", "books: must be an array of tables"),
        ("[[books]", "is not TOML"),
        ("price = 1\n[[books]]\nversion = 2", "price: unknown key"),
        ("[[books]]\nversion = 1", "books 1: versions up to 1 are taken; the next is 2"),
        ("[[books]]\nversion = 0", "must be a whole number from 1"),
        ("[[books]]\nversion = 2\n[[books]]\nversion = 2", "books 2: the version stands twice"),
        ("[[books]]\nversion = '2'", "books[0]: Expected `int`"),
        ("[[books]]\npackages = []", "books[0]: Object missing required field `version`"),
        ("[[books]]\nversion = 2\ncolour = 'red'", "books 2.colour: unknown key"),
        ("[[books]]\nversion = 2\nown_key = { image = 1 }", 'books 2.own_key: needs "*"'),
        ("[[books]]\nversion = 2\nown_key = { '*' = -1 }", "books 2.own_key.*: -1 is not from 0"),
        ("[[books]]\nversion = 2\nmodels = { a = -1 }", "books 2.models.a: -1 is not from 0"),
        ("[[books]]\nversion = 2\npackages = [1]", "books 2.packages[0]: must be a table"),
        (BOOK.replace("amount = 100", "amount = 0"), "books 2.packages 'tiny'.amount: 0 is not from 1 to 99999999"),
        (BOOK.replace("amount = 100", "amount = 1.5"), "Expected `int`, got `float`"),
        (BOOK.replace("credits = 10", "credits = 0"), "books 2.packages 'tiny'.credits: 0 is not from 1"),
        (BOOK.replace("valid_days = 30", "valid_days = 99999"), "'tiny'.valid_days: 99999 is not from 1 to 3660"),
        (BOOK.replace('"EUR"', '"euro"'), "'tiny'.currency: 'euro' is not an ISO 4217 code such as USD"),
        (BOOK.replace('id = "tiny"', 'id = "Tiny!"'), "'Tiny!'.id: must be lower-case letters"),
        (BOOK.replace('title = "Tiny"', ""), "Object missing required field `title`"),
        (BOOK.replace("credits = 10", "credit = 10"), "books 2.packages[0].credit: unknown key"),
        (BOOK + BOOK.split("\n\n")[1], "'tiny'"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(tmp_path: Path, text: str, fault: str):
    path = write(tmp_path, text)
    with pytest.raises(CatalogueInvalid) as found:
        load_price_books(path)
    assert fault in str(found.value)
    assert str(path) in str(found.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(CatalogueInvalid, match="cannot be read"):
        load_price_books(tmp_path / "nothing.toml")
