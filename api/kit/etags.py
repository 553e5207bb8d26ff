"""Versions of single resources, and the conditions clients set on them."""

import hashlib
from typing import Any

import msgspec

#: Moves without the resource changing, so it is left out of the version.
LEFT_OUT = ("progress", "queue_position")


def etag_of(body: Any) -> str:
    """A strong ETag, quoted, of a body as the client gets it."""
    plain = msgspec.to_builtins(body)
    if isinstance(plain, dict):
        for name in LEFT_OUT:
            plain.pop(name, None)
    return quoted(hashlib.blake2b(msgspec.json.encode(plain), digest_size=12).hexdigest())


def quoted(version: str) -> str:
    return f'"{version}"'


def matches(header: str, etag: str, *, weak: bool) -> bool:
    """Does an `If-Match` (strong) or `If-None-Match` (weak comparison) *header* name *etag*? `*` names any that exists."""
    if header.strip() == "*":
        return True
    given = [item.strip() for item in header.split(",")]
    if weak:
        given = [item.removeprefix("W/") for item in given]
    return etag in given
