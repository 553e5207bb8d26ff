"""API tokens as their owner sees them: live ones only, never the token or its hash."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.accounts.account import Account


class ApiTokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """`created_position`: the log position of the issue, by which lists are ordered (0 when folded from a stream)."""

    id: UUID
    account_id: UUID
    sealed_name: str
    scopes: list[str]
    expires_at: datetime | None
    created_at: datetime
    created_position: int


async def page_of_api_tokens(
    conn: AsyncConnection[Any], account_id: UUID, *, order: str = "desc", limit: int = 20, after_position: int | None = None
) -> list[ApiTokenRow]:
    """The account's live tokens by creation. `after_position` is the `created_position` of the last row seen."""
    raise NotImplementedError


def rows_of(account: Account) -> Sequence[ApiTokenRow]:
    """The same rows from the folded stream, oldest first."""
    raise NotImplementedError
