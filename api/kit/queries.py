"""Query parameters: text to a checked Struct. Unknown names and repeated single values are refused like unknown fields."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec

from api.kit.bodies import convert
from api.kit.refusals import MalformedRequest, ValidationFailed
from api.kit.strict_json import clean_text, escaped

FIELDS_MAX = 100


def query_decoder(shape: Any) -> Callable[[str], tuple[Any, dict[str, Any]]]:
    """A decoder of query strings into *shape* (None: the route takes no parameters) and the plain tree."""
    target = NoQuery if shape is None else shape
    lists = _list_fields(target)
    nullable, moments = _nullable_fields(target), _moment_fields(target)
    empty: tuple[Any, dict[str, Any]] | None = None
    if not any(field.required for field in msgspec.structs.fields(target)):
        empty = (target(), {})

    def decode(text: str) -> tuple[Any, dict[str, Any]]:
        if not text and empty is not None:
            return empty
        tree = _tree(text, lists)
        for name in nullable & tree.keys():
            if tree[name].lower() == "null":
                raise ValidationFailed(reason=f"{name} is null", errors=[("/" + name, "leave it out instead")])
        for name in moments & tree.keys():
            if "T" not in tree[name].upper():
                raise ValidationFailed(reason=f"{name} is no moment", errors=[("/" + name, "must be RFC 3339, with an offset")])
        return convert(tree, target, strict=False), tree

    return decode


def _list_fields(shape: Any) -> frozenset[str]:
    hints = get_type_hints(shape)
    return frozenset(field.encode_name for field in msgspec.structs.fields(shape) if _is_list(hints[field.name]))


def _nullable_fields(shape: Any) -> frozenset[str]:
    """Those for which msgspec would read the text `null` as None; in a text field it is just a word."""
    hints = get_type_hints(shape)
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(shape)
        if type(None) in getattr(hints[field.name], "__args__", ()) and str not in hints[field.name].__args__
    )


def _moment_fields(shape: Any) -> frozenset[str]:
    """Those for which msgspec would also read a number of seconds."""
    hints = get_type_hints(shape)
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(shape)
        if datetime in (hints[field.name], *getattr(hints[field.name], "__args__", ()))
    )


def _is_list(hint: Any) -> bool:
    return any(get_origin(option) is list for option in (hint, *getattr(hint, "__args__", ())))


def _tree(text: str, lists: frozenset[str]) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except UnicodeDecodeError:
        raise MalformedRequest(reason="the query is not UTF-8") from None
    except ValueError:
        raise MalformedRequest(reason=f"the query has more than {FIELDS_MAX} parameters") from None
    tree: dict[str, Any] = {}
    for raw_name, raw_value in pairs:
        name, value = clean_text(raw_name, ""), clean_text(raw_value, "/" + escaped(raw_name))
        if name in lists:
            tree.setdefault(name, []).append(value)
        elif name in tree:
            raise ValidationFailed(reason=f"{name} is given twice", errors=[("/" + escaped(name), "may be given once")])
        else:
            tree[name] = value
    return tree


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A route without query parameters."""
