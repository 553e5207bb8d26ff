"""Bytes to a plain tree, refusing what JSON parsers usually let pass.

msgspec alone lets duplicate keys and NUL through, fails on bad UTF-8 and depth with errors of another kind, and does not
normalise; so the tree is read here, and msgspec then converts the tree.
"""

import json
import re
import unicodedata
from itertools import accumulate
from typing import Any

from api.kit.refusals import JSON_TOO_DEEP, MalformedJson, ValidationFailed
from domain.kernel.limits import INTEGER_MAX, JSON_DEPTH_MAX

#: Control characters (C0 but tab, line feed and carriage return; DEL; C1) and lone surrogates.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEPS = bytes.maketrans(b"[]{}", b"\x01\xff\x01\xff")
_LONG_DIGITS = re.compile(r"[0-9](?:[0-9]{15}|[eE])")


def read_json(data: bytes) -> Any:
    """The document in *data* with all text in NFC.   Raises MalformedJson, ValidationFailed."""
    if data.count(b"[") + data.count(b"{") > JSON_DEPTH_MAX:
        _check_depth(data)
    try:
        text = data.decode()
        tree = _DECODER.decode(text)
    except _TwiceError:
        raise _malformed("a key stands twice in one object", _pointer_to_twice(text)) from None
    except UnicodeDecodeError as error:
        raise _malformed(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg.lower()} at character {error.pos}") from None
    except ValueError:
        # Python refuses to read integers of more than 4,300 digits.
        raise _malformed("a number is too long") from None
    if not text.isascii() or "\\" in text or "\x7f" in text or _LONG_DIGITS.search(text):
        return _cleaned(tree, "")
    return tree


def escaped(key: str) -> str:
    """One segment of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _malformed(reason: str, pointer: str = "") -> MalformedJson:
    return MalformedJson(reason=reason, errors=[(pointer, reason)])


def _check_depth(data: bytes) -> None:
    """Count brackets outside of strings, as +1 and -1, before any parser recurses."""
    steps = _STRINGS.sub(b"", data).translate(_STEPS, _NO_BRACKETS)
    if max(accumulate(memoryview(steps).cast("b")), default=0) > JSON_DEPTH_MAX:
        raise _malformed(JSON_TOO_DEEP)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _TwiceError
    return members


class _TwiceError(Exception):
    """Some object has a key twice. The parser knows the object, but not where it stands."""


class _Pairs(list[tuple[str, Any]]):
    """An object with all its keys, in order."""


def _pointer_to_twice(text: str) -> str:
    """Where it stands; the whole document, when that is broken further on."""
    try:
        return _place_of_twice(json.JSONDecoder(object_pairs_hook=_Pairs).decode(text)) or ""
    except ValueError:
        return ""


def _place_of_twice(node: Any, pointer: str = "") -> str | None:
    """The pointer of the first key in the document that stands twice in its object."""
    if isinstance(node, _Pairs):
        seen: set[str] = set()
        for name, value in node:
            here = f"{pointer}/{escaped(name)}"
            if name in seen:
                return here
            seen.add(name)
            if (found := _place_of_twice(value, here)) is not None:
                return found
    elif isinstance(node, list):
        for index, value in enumerate(node):
            if (found := _place_of_twice(value, f"{pointer}/{index}")) is not None:
                return found
    return None


def _constant(name: str) -> Any:
    raise _malformed(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _cleaned(node: Any, pointer: str) -> Any:
    """*node* with its text in NFC, every text and number checked. Only for documents that are not plain ASCII."""
    match node:
        case str():
            return clean_text(node, pointer)
        case dict():
            members = {clean_text(key, pointer): _cleaned(value, f"{pointer}/{escaped(key)}") for key, value in node.items()}
            if len(members) != len(node):
                raise _malformed("a key stands twice in one object", pointer)
            return members
        case list():
            return [_cleaned(value, f"{pointer}/{index}") for index, value in enumerate(node)]
        case bool():
            return node
        case int() | float():
            return _checked_number(node, pointer)
        case _:
            return node


def clean_text(text: str, pointer: str) -> str:
    """*text* in NFC.   Raises ValidationFailed for control characters and lone surrogates."""
    if FORBIDDEN.search(text):
        raise ValidationFailed(reason="control characters are not allowed", errors=[(pointer, "contains a control character")])
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _checked_number(number: float, pointer: str) -> float:
    if number in (float("inf"), float("-inf")):
        raise _malformed("a number is out of range", pointer)
    if isinstance(number, int) and abs(number) > INTEGER_MAX:
        raise ValidationFailed(reason="an integer is out of range", errors=[(pointer, f"must be within ±{INTEGER_MAX}")])
    return number
