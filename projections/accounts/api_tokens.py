"""API tokens as their owner sees them: live ones only, never the token or its hash."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.accounts import events
from domain.accounts.account import Account
from projections.kernel.facts import Event
from projections.kernel.model import Place, Write, read_model
from projections.kernel.pages import both_ways, page

DDL = """
CREATE TABLE read.api_tokens_v1 (
    id               uuid        PRIMARY KEY,
    account_id       uuid        NOT NULL,
    sealed_name      text        NOT NULL,
    scopes           text[]      NOT NULL,
    expires_at       timestamptz,
    created_at       timestamptz NOT NULL,
    created_position bigint      NOT NULL
);
CREATE INDEX ON read.api_tokens_v1 (account_id, created_position);
"""
# Issued in this batch and not revoked in it.
INSERT = "INSERT INTO read.api_tokens_v1 SELECT * FROM json_populate_recordset(NULL::read.api_tokens_v1, %(rows)s::json)"
# Issued before, revoked in this batch.
DELETE = """
    DELETE FROM read.api_tokens_v1 t USING json_populate_recordset(NULL::read.api_tokens_v1, %(rows)s::json) c WHERE t.id = c.id
"""
# Of a person who is to be forgotten.
DELETE_ALL = """
    DELETE FROM read.api_tokens_v1 t USING json_populate_recordset(NULL::read.api_tokens_v1, %(rows)s::json) c
    WHERE t.account_id = c.account_id
"""
# An account's own list.
_PAGE = """
    SELECT * FROM read.api_tokens_v1
    WHERE account_id = %(account_id)s AND created_position {beyond} %(after_position)s
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""
PAGES = both_ways(_PAGE)


class ApiTokenRow(msgspec.Struct, kw_only=True):
    """`created_position`: the log position of the issue, by which lists are ordered (0 when folded from a stream)."""

    id: UUID
    account_id: UUID
    sealed_name: str
    scopes: list[str]
    expires_at: datetime | None
    created_at: datetime
    created_position: int


class Revoked(msgspec.Struct):
    id: UUID


class Forgotten(msgspec.Struct):
    account_id: UUID


async def page_of_api_tokens(
    conn: AsyncConnection[Any],
    account_id: UUID,
    *,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[ApiTokenRow]:
    """The account's live tokens by creation. `after_position` is the `created_position` of the last row seen."""
    filters = {"account_id": account_id, "created_from": created_from, "created_to": created_to}
    return await page(conn, PAGES, filters, ApiTokenRow, order=order, limit=limit, after_position=after_position)


def rows_of(account: Account) -> Sequence[ApiTokenRow]:
    """The same rows from the folded stream, oldest first."""
    return [
        ApiTokenRow(
            id=UUID(token_id),
            account_id=account.id,
            sealed_name=token["sealed_name"],
            scopes=token["scopes"],
            expires_at=token["expires_at"],
            created_at=token["created_at"],
            created_position=0,
        )
        for token_id, token in account.api_tokens.items()
    ]


class Present:
    """What a batch adds and takes away."""

    def __init__(self) -> None:
        self.issued: dict[UUID, ApiTokenRow] = {}
        self.revoked: list[Revoked] = []
        self.forgotten: list[Forgotten] = []


async def load(place: Place, events_: Sequence[Event]) -> Present:
    return Present()


def writes(present: Present) -> Sequence[Write]:
    return Write(INSERT, list(present.issued.values())), Write(DELETE, present.revoked), Write(DELETE_ALL, present.forgotten)


def _issued(present: Present, event: Event) -> None:
    fact = event.fact
    present.issued[fact.token_id] = ApiTokenRow(
        id=fact.token_id,
        account_id=event.stream,
        sealed_name=fact.sealed_name,
        scopes=fact.scopes,
        expires_at=fact.expires_at,
        created_at=fact.timestamp,
        created_position=event.position,
    )


def _revoked(present: Present, event: Event) -> None:
    if present.issued.pop(event.fact.token_id, None) is None:
        present.revoked.append(Revoked(event.fact.token_id))


def _forgotten(present: Present, event: Event) -> None:
    """Nothing is issued after it."""
    present.forgotten.append(Forgotten(event.stream))


MODEL = read_model(
    name="api_tokens",
    version=1,
    ddl=DDL,
    facts={
        events.AccountErasureRequested: _forgotten,
        events.ApiTokenIssued: _issued,
        events.ApiTokenRevoked: _revoked,
    },
    load=load,
    writes=writes,
)
