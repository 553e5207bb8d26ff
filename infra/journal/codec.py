"""How one event class is written and read: canonical JSON, compiled once from its type hints.

Canonical means: keys sorted, UTF-8, no spaces, no floats, times in UTC with six digits and Z. So equal facts have equal
bytes, and a proof over the bytes can be recomputed by anyone.
"""

import types
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, NotRequired, TypedDict, Union, cast, get_args, get_origin, get_type_hints

import msgspec

Convert = Callable[[Any], Any]

#: Held in columns of their own.
_COLUMNS = ("originator_id", "originator_version")
_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="string")
#: What needs no conversion, whatever was declared.
_PLAIN = frozenset((str, int, bool, types.NoneType))


class Codec:
    """Writes and reads the state of the events of one class."""

    def __init__(self, kind: type[Any]) -> None:
        hints = _state_hints(kind)
        self.kind = kind
        self.class_version: int = getattr(kind, "class_version", 1)
        converts = {name: convert for name, hint in hints.items() if (convert := _convert_of(hint))}
        self._times = [name for name, convert in converts.items() if convert is _time]
        self._converts = [(name, convert) for name, convert in converts.items() if convert is not _time]
        self._whole = [name for name, hint in hints.items() if int in _members(hint)]
        self._defaults = {f.name: f.default for f in fields(kind) if f.name in hints and f.default is not MISSING}
        shape = {name: NotRequired[hint] if name in self._defaults else hint for name, hint in hints.items()}
        # Made here, because a TypedDict can be decoded straight into: no object in between.
        self._shape: Any = cast(Any, TypedDict)(kind.__name__, shape)
        self._decoder = msgspec.json.Decoder(self._shape)

    def encode(self, event: Any) -> bytes:
        """The event's state.   Raises TypeError for a float, or for a value that JSON cannot carry."""
        state = event.__dict__.copy()
        del state["originator_id"]
        del state["originator_version"]
        for name in self._times:
            value = state[name]
            # As `_time`, without a function for each.
            if value is not None and not (value.microsecond and value.tzinfo is UTC):
                state[name] = time_text(value)
        for name, convert in self._converts:
            value = state[name]
            if value is not None:
                state[name] = convert(value)
        for name in self._whole:
            if type(state[name]) is float:
                raise TypeError(f"{name} of {self.kind.__name__} is a float; amounts are whole")
        if self.class_version > 1:
            state["class_version"] = self.class_version
        return _ENCODER.encode(state)

    def decode(self, stream: Any, version: int, data: bytes) -> Any:
        """The event; an older shape is first lifted by `upcast_vN_vM(state)`, which sees plain JSON values."""
        state = self._decoder.decode(data) if self.class_version == 1 else self._lifted(data)
        event = object.__new__(self.kind)
        event.__dict__.update(self._defaults)
        event.__dict__.update(state)
        event.__dict__["originator_id"] = stream
        event.__dict__["originator_version"] = version
        return event

    def _lifted(self, data: bytes) -> Any:
        state = msgspec.json.decode(data)
        for version in range(state.pop("class_version", 1), self.class_version):
            getattr(self.kind, f"upcast_v{version}_v{version + 1}")(state)
        return msgspec.convert(state, self._shape)


def _state_hints(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind) if f.name not in _COLUMNS and get_origin(hints[f.name]) is not ClassVar}


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _convert_of(hint: Any) -> Convert | None:
    """What must happen to a value of type *hint* that is not None before msgspec writes it; None when nothing must."""
    members = [member for member in _members(hint) if member is not types.NoneType]
    if float in members:
        raise TypeError("a fact holds no floats: use integers of the smallest unit, or decimal strings")
    converts = [convert for member in members if (convert := _convert_one(member))]
    if not converts:
        return None
    return converts[0] if len(members) == 1 else _plain


def _convert_one(hint: Any) -> Convert | None:
    if hint is datetime:
        return _time
    if hint in (Any, dict, list, tuple, object):
        return _plain
    if hasattr(hint, "_fields"):
        parts = [_convert_of(part) for part in get_type_hints(hint).values()]
        if not any(parts):
            return None
        return lambda value: [convert(part) if convert and part is not None else part for convert, part in zip(parts, value, strict=True)]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (list, tuple, set, frozenset):
        return _each(_convert_of(arguments[0]))
    if origin is dict:
        return _each_value(_convert_of(arguments[1]))
    return None


def _each(item: Convert | None) -> Convert | None:
    if item is None:
        return None
    return lambda value: [None if part is None else item(part) for part in value]


def _each_value(item: Convert | None) -> Convert | None:
    if item is None:
        return None
    return lambda value: {key: part if type(part) in _PLAIN else item(part) for key, part in value.items()}


def _time(value: datetime) -> Any:
    """msgspec writes six digits and Z as well, and much faster, but for whole seconds and other zones."""
    return value if value.microsecond and value.tzinfo is UTC else time_text(value)


# The facts of one grant share its expiry.
@lru_cache(maxsize=4_096)
def time_text(value: datetime) -> str:
    """`2026-11-21T09:30:00.000000Z`.   Raises TypeError for a time without zone."""
    if value.tzinfo is None:
        raise TypeError("a fact holds no time without a zone")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(timespec="microseconds")[:-6] + "Z"


def _plain(value: Any) -> Any:
    """For values of no declared type: the same rules, found out at run time."""
    if isinstance(value, float):
        raise TypeError("a fact holds no floats: use integers of the smallest unit, or decimal strings")
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, dict):
        return {str(key): part if type(part) in _PLAIN else _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
