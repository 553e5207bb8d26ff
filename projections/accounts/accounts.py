"""Accounts as their owners and operators see them. `sealed_profile` is ciphertext; no password, no token is kept here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.accounts.account import Account


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """`position`: the stream's last fact. `created_position`: its first, by which lists are ordered (0 when folded from a stream)."""

    id: UUID
    sealed_profile: str
    email_index: str
    roles: list[str]
    status: str
    limits: dict[str, str]
    password_changed_at: datetime
    created_at: datetime
    updated_at: datetime
    position: int
    created_position: int


async def account_of(conn: AsyncConnection[Any], account_id: UUID) -> AccountRow | None:
    """The account, or None."""
    raise NotImplementedError


async def page_of_accounts(
    conn: AsyncConnection[Any],
    *,
    statuses: Sequence[str] = (),
    roles: Sequence[str] = (),
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[AccountRow]:
    """Accounts by creation, newest first unless `order="asc"`. `after_position` is the `created_position` of the last row seen."""
    raise NotImplementedError


def row_of(account: Account) -> AccountRow:
    """The same row from the folded stream, for reads that must not wait and for replays."""
    raise NotImplementedError
