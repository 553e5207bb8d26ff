"""The state of an aggregate as bytes, and back: for snapshots, and for copies that share nothing with the original.

MessagePack, because it keeps times as times. An aggregate's state is plain values by rule and none of them is bytes, so
sixteen bytes stand for an id. Writing is left to msgspec whole: an account may hold thousands of open holds, and all
that the process does meanwhile is this.
"""

from typing import Any, TypeVar
from uuid import UUID

import msgspec

from domain.kernel.facts import Root

_NESTED = frozenset((dict, list))
#: Not part of the state: what is not yet in the log.
_PENDING = "_pending_events"

Kind = TypeVar("Kind", bound=Root)


def freeze(aggregate: Root) -> bytes:
    """The whole state.   Raises TypeError when it holds anything but plain values."""
    return _ENCODER.encode({name: value for name, value in aggregate.__dict__.items() if name != _PENDING})


def thaw(kind: type[Kind], data: bytes) -> Kind:
    """A new aggregate with that state and nothing pending."""
    return _made(kind, _with_ids(msgspec.msgpack.decode(data)))


def copy_of(aggregate: Kind) -> Kind:
    """An equal aggregate that shares no list or dict with this one, but for what its class says may be SHARED."""
    shared = type(aggregate).SHARED
    state = {
        name: (dict(value) if name in shared else _copied(value)) if type(value) in _NESTED else value
        for name, value in aggregate.__dict__.items()
        if name != _PENDING
    }
    return _made(type(aggregate), state)


def shape_of(kind: type[Root]) -> int:
    """The version of the class's state: a snapshot of another shape is not read. Raise `class_version` to change it."""
    return int(getattr(kind, "class_version", 1))


def _made(kind: type[Kind], state: dict[str, Any]) -> Kind:
    aggregate = object.__new__(kind)
    aggregate.__dict__.update(state)
    aggregate.__dict__[_PENDING] = []
    return aggregate


def _copied(value: Any) -> Any:
    """A dict or a list, and all dicts and lists in it."""
    if type(value) is dict:
        return {key: _copied(part) if type(part) in _NESTED else part for key, part in value.items()}
    return [_copied(part) if type(part) in _NESTED else part for part in value]


def _with_ids(value: Any) -> Any:
    kind = type(value)
    if kind is bytes:
        return UUID(bytes=value)
    if kind is dict:
        return {key: _with_ids(part) for key, part in value.items()}
    if kind is list:
        return [_with_ids(part) for part in value]
    return value


def _refused(value: Any) -> Any:
    raise TypeError(f"a {type(value).__name__} is no plain value")


_ENCODER = msgspec.msgpack.Encoder(uuid_format="bytes", enc_hook=_refused)
