"""Reads the price books. Every mistake is named with its file and key: a wrong price is worse than no start."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from domain.kernel.limits import CREDITS_MAX
from domain.payments.price_book import Package, Plan, PriceBook, PriceBooks
from domain.providers.catalogue import Catalogue
from infra.catalogue.checks import CatalogueInvalid

BUILT_IN = Path(__file__).with_name("price_book.toml")
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
CURRENCY = re.compile(r"[A-Z]{3}")
#: Minor units: far above any package, far below what an integer of a payment service holds.
AMOUNT_MAX = 99_999_999
VALID_DAYS_MAX = 3_660


def load_price_books(extra: Path | None = None) -> PriceBooks:
    """The built-in versions, and those of *extra* above them.   Raises CatalogueInvalid."""
    books = _read(BUILT_IN)
    if extra is not None:
        own, last = _read(extra), max(book.version for book in books)
        for book in own:
            if book.version <= last:
                raise CatalogueInvalid(extra, f"books {book.version}", f"versions up to {last} are taken; the next is {last + 1}")
        books += own
    return PriceBooks(books)


def priced(catalogue: Catalogue, book: PriceBook) -> Catalogue:
    """*catalogue* with the model prices of *book*; quotes name the higher version of both."""
    models = [
        msgspec.structs.replace(model, price=book.models[model.id]) if model.id in book.models else model for model in catalogue.models
    ]
    return msgspec.structs.replace(catalogue, price_version=max(catalogue.price_version, book.version), models=models)


def _read(path: Path) -> list[PriceBook]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogueInvalid(path, None, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueInvalid(path, None, f"is not TOML: {error}") from error
    for key in document.keys() - {"books"}:
        raise CatalogueInvalid(path, key, "unknown key; known is books")
    rows = document.get("books")
    if not isinstance(rows, list) or not rows:
        raise CatalogueInvalid(path, "books", "must be an array of tables, [[books]], with at least one")
    books: list[PriceBook] = []
    for number, row in enumerate(rows):
        book = _book(path, f"books[{number}]", row)
        if book.version in {other.version for other in books}:
            raise CatalogueInvalid(path, f"books {book.version}", "the version stands twice")
        books.append(book)
    return books


def _book(path: Path, where: str, row: Any) -> PriceBook:
    if isinstance(row, dict) and type(row.get("version")) is int:
        where = f"books {row['version']}"
    _check_keys(path, where, row, PriceBook)
    for name, kind in (("packages", Package), ("plans", Plan)):
        for number, each in enumerate(row.get(name, [])):
            _check_keys(path, f"{where}.{name}[{number}]", each, kind)
    try:
        book = msgspec.convert(row, PriceBook)
    except msgspec.ValidationError as error:
        raise CatalogueInvalid(path, where, str(error)) from error
    if book.version < 1:
        raise CatalogueInvalid(path, f"{where}.version", "must be a whole number from 1")
    for name, offers in (("packages", book.packages), ("plans", book.plans)):
        _check_offers(path, f"{where}.{name}", offers)
    for name, prices in (("models", book.models), ("own_key", book.own_key)):
        for key, price in prices.items():
            _check_number(path, f"{where}.{name}.{key}", price, least=0, most=CREDITS_MAX)
    if "*" not in book.own_key:
        raise CatalogueInvalid(path, f"{where}.own_key", 'needs "*", the rate of every other model')
    return book


def _check_keys(path: Path, where: str, row: Any, kind: type[msgspec.Struct]) -> None:
    if not isinstance(row, dict):
        raise CatalogueInvalid(path, where, "must be a table")
    for key in row:
        if key not in kind.__struct_fields__:
            raise CatalogueInvalid(path, f"{where}.{key}", f"unknown key; known are {', '.join(kind.__struct_fields__)}")


def _check_offers(path: Path, where: str, offers: list[Any]) -> None:
    """Packages or plans of one version."""
    seen: set[str] = set()
    for offer in offers:
        named = f"{where} {offer.id!r}"
        if not ID.fullmatch(offer.id):
            raise CatalogueInvalid(path, f"{named}.id", "must be lower-case letters, digits, _ and - (at most 64)")
        if offer.id in seen:
            raise CatalogueInvalid(path, named, "the id stands twice")
        seen.add(offer.id)
        if not CURRENCY.fullmatch(offer.currency):
            raise CatalogueInvalid(path, f"{named}.currency", f"{offer.currency!r} is not an ISO 4217 code such as USD")
        _check_number(path, f"{named}.credits", offer.credits, least=1, most=CREDITS_MAX)
        _check_number(path, f"{named}.amount", offer.amount, least=1, most=AMOUNT_MAX)
        _check_number(path, f"{named}.valid_days", getattr(offer, "valid_days", 1), least=1, most=VALID_DAYS_MAX)


def _check_number(path: Path, where: str, value: int, *, least: int, most: int) -> None:
    if not least <= value <= most:
        raise CatalogueInvalid(path, where, f"{value} is not from {least} to {most}")
