"""Accounts as their owners and operators see them. `sealed_profile` is ciphertext; no password, no token is kept here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.accounts import events
from domain.accounts.account import Account
from projections.kernel.facts import Event
from projections.kernel.model import Place
from projections.kernel.pages import both_ways, page
from projections.kernel.whole_rows import touched, whole_rows

DDL = """
CREATE TABLE read.accounts_v1 (
    id                  uuid        PRIMARY KEY,
    sealed_profile      text        NOT NULL,
    email_index         text        NOT NULL,
    roles               text[]      NOT NULL,
    status              text        NOT NULL,
    limits              jsonb       NOT NULL,
    password_changed_at timestamptz NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    position            bigint      NOT NULL,
    created_position    bigint      NOT NULL
);
CREATE INDEX ON read.accounts_v1 (created_position);
-- Operators look an account up by its e-mail's keyed index.
CREATE INDEX ON read.accounts_v1 (email_index);
"""
# Accounts change rarely: whole rows, new or not.
UPSERT = """
    INSERT INTO read.accounts_v1 SELECT * FROM json_populate_recordset(NULL::read.accounts_v1, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE SET
        sealed_profile = excluded.sealed_profile, email_index = excluded.email_index, roles = excluded.roles,
        status = excluded.status, limits = excluded.limits,
        password_changed_at = excluded.password_changed_at, updated_at = excluded.updated_at, position = excluded.position
"""
# One account, by its key.
ONE = "SELECT * FROM read.accounts_v1 WHERE id = %(id)s"
# For operators: by registration.
_PAGE = """
    SELECT * FROM read.accounts_v1
    WHERE created_position {beyond} %(after_position)s
      AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
      AND (%(roles)s::text[] IS NULL OR roles && %(roles)s::text[])
      AND (%(email_index)s::text IS NULL OR email_index = %(email_index)s)
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""
PAGES = both_ways(_PAGE)


class AccountRow(msgspec.Struct, kw_only=True):
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
    found = await Place(conn).fetch(ONE, {"id": account_id}, AccountRow)
    return found[0] if found else None


async def page_of_accounts(
    conn: AsyncConnection[Any],
    *,
    statuses: Sequence[str] = (),
    roles: Sequence[str] = (),
    email_index: str | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[AccountRow]:
    """Accounts by creation, newest first unless `order="asc"`. `after_position` is the `created_position` of the last row seen."""
    filters = {
        "statuses": statuses,
        "roles": roles,
        "email_index": email_index,
        "created_from": created_from,
        "created_to": created_to,
    }
    return await page(conn, PAGES, filters, AccountRow, order=order, limit=limit, after_position=after_position)


def row_of(account: Account) -> AccountRow:
    """The same row from the folded stream, for reads that must not wait and for replays."""
    return AccountRow(
        id=account.id,
        sealed_profile=account.sealed_profile,
        email_index=account.email_index,
        roles=account.roles,
        status=account.status,
        limits=account.limits,
        password_changed_at=account.password_changed_at or account.created_on,
        created_at=account.created_on,
        updated_at=account.modified_on,
        position=account.position,
        created_position=0,
    )


def _registered(present: dict[UUID, AccountRow], event: Event) -> None:
    fact = event.fact
    present[event.stream] = AccountRow(
        id=event.stream,
        sealed_profile=fact.sealed_profile,
        email_index=fact.email_index,
        roles=fact.roles,
        status="active",
        limits={},
        password_changed_at=fact.timestamp,
        created_at=fact.timestamp,
        updated_at=fact.timestamp,
        position=event.position,
        created_position=event.position,
    )


def _profile_changed(present: dict[UUID, AccountRow], event: Event) -> None:
    touched(present, event).sealed_profile = event.fact.sealed_profile


def _roles_changed(present: dict[UUID, AccountRow], event: Event) -> None:
    touched(present, event).roles = event.fact.roles


def _limits_changed(present: dict[UUID, AccountRow], event: Event) -> None:
    touched(present, event).limits = event.fact.limits


def _suspended(present: dict[UUID, AccountRow], event: Event) -> None:
    touched(present, event).status = "suspended"


def _reactivated(present: dict[UUID, AccountRow], event: Event) -> None:
    touched(present, event).status = "active"


def _password_changed(present: dict[UUID, AccountRow], event: Event) -> None:
    touched(present, event).password_changed_at = event.fact.timestamp


def _erasure_requested(present: dict[UUID, AccountRow], event: Event) -> None:
    touched(present, event).status = "erasing"


def _erased(present: dict[UUID, AccountRow], event: Event) -> None:
    row = touched(present, event)
    row.status = "erased"
    row.sealed_profile = row.email_index = ""


MODEL = whole_rows(
    name="accounts",
    version=1,
    ddl=DDL,
    kind=AccountRow,
    upsert=UPSERT,
    first=events.AccountRegistered,
    facts={
        events.AccountErased: _erased,
        events.AccountErasureRequested: _erasure_requested,
        events.AccountReactivated: _reactivated,
        events.AccountRegistered: _registered,
        events.AccountSuspended: _suspended,
        # Tokens and reset tokens are not shown here, but they change the account: `updated_at` and `position` say so.
        events.ApiTokenIssued: touched,
        events.ApiTokenRevoked: touched,
        events.LimitsChanged: _limits_changed,
        events.PasswordChanged: _password_changed,
        events.PasswordResetIssued: touched,
        events.ProfileChanged: _profile_changed,
        events.RolesChanged: _roles_changed,
    },
)
