"""The list of erasures outside the database: one small object each, holding an account's id and a time, nothing else.

A database that is restored to an earlier moment has forgotten that it forgot; from this list it is told again.
"""

from datetime import datetime
from uuid import UUID

import msgspec

PREFIX = "erasures/"
CONTENT_TYPE = "application/json"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    account_id: UUID
    requested_at: datetime


def key_of(account_id: UUID) -> str:
    return f"{PREFIX}{account_id}.json"


def written(listed: Listed) -> bytes:
    return msgspec.json.encode(listed)


def read(data: bytes) -> Listed:
    """The opposite of `written`.   Raises msgspec.MsgspecError."""
    return msgspec.json.decode(data, type=Listed)
