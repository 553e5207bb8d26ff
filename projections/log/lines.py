"""The lines of an export, `daybook-export/1`: one canonical JSON object each. Read and written by the same structs.

Canonical: keys sorted, no white space, UTF-8 not escaped beyond what JSON needs, whole numbers only.
"""

import json
from typing import Annotated, Any, NoReturn

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from domain.kernel.patterns import END

Id = Annotated[str, Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}" + END)]
Time = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z" + END)]
Hex = Annotated[str, Meta(pattern="^([0-9a-f]{2})*" + END)]
FORMAT = "daybook-export/1"


class _Line(msgspec.Struct, tag_field="type", forbid_unknown_fields=True, gc=False):
    """`type` says which of them a line is."""


class Header(_Line, tag="header", kw_only=True):
    """The first line. `account`: the export holds this account's events only. `head`: the last position covered."""

    format: str
    origin: str
    account: Id | None
    head: int


class Key(_Line, tag="key"):
    """A public key of the log, in the C2SP note form `<name>+<key id>+<key>`."""

    vkey: str


class Event(_Line, tag="event"):
    """Every column of one row. Ids and times are canonical text, `fingerprint` is hexadecimal, `state` the object itself.

    `path`: in an account's export, base64 hashes that lead to the checkpoint's root; null when it is newer than that.
    """

    account_id: Id | None
    actor: str
    available: int | None
    book: str | None
    causation: int | None
    command_id: Id
    correlation: str
    fingerprint: Hex | None
    first: bool
    held: int | None
    outside: int | None
    owed: int | None
    position: int
    recorded_at: Time
    result: str | None
    state: Raw
    status: int | None
    stream: Id
    topic: str
    version: int
    path: list[str] | None | UnsetType = UNSET


class Checkpoint(_Line, tag="checkpoint"):
    """A signed tree head, the whole note."""

    note: str


class End(_Line, tag="end"):
    """The last line. `sha256` of all bytes before it, hexadecimal."""

    events: int
    sha256: str


Line = Header | Key | Event | Checkpoint | End
encode = msgspec.json.Encoder(order="sorted").encode
decode = msgspec.json.Decoder(Line).decode


def embedded(state: bytes) -> Raw:
    """*state* as it stands in an event line: itself when it is a canonical object, else the text `\\x` and its hexadecimals."""
    return Raw(state if is_canonical_object(state) else encode("\\x" + state.hex()))


def state_bytes(state: Raw) -> bytes:
    """The opposite of `embedded`.   Raises ValueError when that would not have written it so."""
    written = bytes(state)
    if written.startswith(b"{"):
        data = written
    else:
        text = msgspec.json.decode(written, type=str)
        if not text.startswith("\\x"):
            raise ValueError("the state is neither an object nor hexadecimal")
        data = bytes.fromhex(text[2:])
    if bytes(embedded(data)) != written:
        raise ValueError("the state is not in canonical form")
    return data


def is_canonical_object(state: bytes) -> bool:
    try:
        value = _decode(state)
        return isinstance(value, dict) and encode(value) == state
    except (ValueError, OverflowError, RecursionError):
        return _is_canonical_slowly(state)


def _is_canonical_slowly(state: bytes) -> bool:
    """For what the fast parser gives up on, such as numbers of more than 64 bits."""
    try:
        value: Any = json.loads(state.decode(), parse_float=_refused, parse_constant=_refused)
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return isinstance(value, dict) and text.encode() == state
    except (ValueError, RecursionError):
        return False


def _refused(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no whole number")


_decode = msgspec.json.Decoder(float_hook=_refused).decode
