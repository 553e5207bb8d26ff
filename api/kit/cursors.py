"""Cursors: the key of the last row seen, signed together with the account, the route and the filters it belongs to."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from api.kit.refusals import CursorInvalid
from domain.ports import Vault

PURPOSE = "cursor"
_SIGNATURE_BYTES = 32
_FREE = frozenset({"cursor", "limit"})
_PACK = msgspec.msgpack.Encoder().encode
_SORTED = msgspec.json.Encoder(order="sorted").encode


def scope_of(account: str, route: str, filters: Mapping[str, Any]) -> bytes:
    """What a cursor is bound to. `limit` may change from page to page."""
    named = {name: sorted(value) if isinstance(value, list) else value for name, value in filters.items() if name not in _FREE}
    return hashlib.sha256(_SORTED([account, route, named])).digest()


def make(vault: Vault, scope: bytes, key: Sequence[Any]) -> str:
    packed = _PACK(list(key))
    return urlsafe_b64encode(vault.sign(PURPOSE, scope + packed)[:_SIGNATURE_BYTES] + packed).rstrip(b"=").decode()


def read(vault: Vault, scope: bytes, cursor: str) -> list[Any]:
    """The key in *cursor*.   Raises CursorInvalid for anything but a cursor made with the same scope."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        signature, packed = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor or not vault.verify(PURPOSE, scope + packed, signature):
            raise CursorInvalid()
        return list(msgspec.msgpack.decode(packed))
    except (ValueError, msgspec.DecodeError):
        raise CursorInvalid() from None
