"""Every text, list and number that a body may hold has an end in its shape; a new field without one fails here."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from api.routes import ROUTES

#: What ends elsewhere: where, and why not in the shape.
ENDS_ELSEWHERE = {
    "PasswordChange.new_password": "72 bytes of UTF-8, which a schema cannot say: domain/access/passwords.py",
    "PasswordReset.new_password": "the same",
    "Recurring.params": "the model's own schema, each param with its end: domain/generations/kinds/",
    "Recurring.params{}": "the same",
    "Registration.password": "72 bytes of UTF-8",
    "Submission.params": "the model's own schema",
    "Submission.params{}": "the same",
}


def endless(kind: Any, place: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The places in *kind* where something could be of any size."""
    match kind:
        case inspect.StrType(max_length=None, pattern=None) | inspect.BytesType(max_length=None):
            yield place
        case inspect.IntType() if (kind.le is None and kind.lt is None) or (kind.ge is None and kind.gt is None):
            yield place
        case inspect.FloatType() if (kind.le is None and kind.lt is None) or (kind.ge is None and kind.gt is None):
            yield place
        case inspect.ListType() | inspect.SetType() | inspect.VarTupleType():
            if kind.max_length is None:
                yield place
            yield from endless(kind.item_type, f"{place}[]", seen)
        case inspect.DictType():
            if kind.max_length is None and not isinstance(kind.key_type, inspect.LiteralType):
                yield place
            yield from endless(kind.value_type, f"{place}{{}}", seen)
        case inspect.UnionType():
            for each in kind.types:
                yield from endless(each, place, seen)
        case inspect.StructType() if kind.cls.__name__ not in seen:
            for field in kind.fields:
                yield from endless(field.type, f"{kind.cls.__name__}.{field.encode_name}", seen | {kind.cls.__name__})
        case inspect.AnyType() | inspect.RawType():
            yield place
        case inspect.Metadata():
            yield from endless(kind.type, place, seen)


def all_endless() -> set[str]:
    return {
        place for route in ROUTES if route.body is not None and not route.raw_body for place in endless(inspect.type_info(route.body), "")
    }


def test_nothing_in_a_body_is_endless():
    assert all_endless() == set(ENDS_ELSEWHERE)


def test_the_search_would_notice():
    class New(msgspec.Struct):
        words: list[str]
        number: int
        anything: dict[str, Any]

    assert set(endless(inspect.type_info(New), "")) == {"New.words", "New.words[]", "New.number", "New.anything", "New.anything{}"}
