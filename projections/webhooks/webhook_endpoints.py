"""Webhook endpoints as their owner sees them: living ones only, never their secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.webhooks import events
from domain.webhooks.webhooks import Webhooks
from projections.kernel.facts import Event
from projections.kernel.model import Place, Write, read_model
from projections.kernel.pages import page

DDL = """
CREATE TABLE read.webhook_endpoints_v1 (
    id                 uuid        PRIMARY KEY,
    stream             uuid        NOT NULL,
    account_id         uuid        NOT NULL,
    sealed_url         text        NOT NULL,
    sealed_description text,
    events             text[]      NOT NULL,
    disabled           text,
    overlap_until      timestamptz,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    position           bigint      NOT NULL,
    created_position   bigint      NOT NULL
);
CREATE INDEX ON read.webhook_endpoints_v1 (account_id, created_position);
CREATE INDEX ON read.webhook_endpoints_v1 (stream);
"""
# The endpoints of the accounts that a batch is about: a handful each.
LOAD = "SELECT * FROM read.webhook_endpoints_v1 WHERE stream = ANY(%(streams)s)"
# They change rarely: whole rows, new or not.
UPSERT = """
    INSERT INTO read.webhook_endpoints_v1 SELECT * FROM json_populate_recordset(NULL::read.webhook_endpoints_v1, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE SET
        sealed_url = excluded.sealed_url, sealed_description = excluded.sealed_description, events = excluded.events,
        disabled = excluded.disabled, overlap_until = excluded.overlap_until, updated_at = excluded.updated_at, position = excluded.position
"""
DELETE = """
    DELETE FROM read.webhook_endpoints_v1 e
    USING json_populate_recordset(NULL::read.webhook_endpoints_v1, %(rows)s::json) c WHERE e.id = c.id
"""
# One endpoint, by its key.
ONE = "SELECT * FROM read.webhook_endpoints_v1 WHERE id = %(id)s AND account_id = %(account_id)s"
_PAGE = """
    SELECT * FROM read.webhook_endpoints_v1
    WHERE account_id = %(account_id)s AND created_position {beyond} %(after_position)s
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""
PAGES = {"asc": _PAGE.format(beyond=">", direction="ASC"), "desc": _PAGE.format(beyond="<", direction="DESC")}


class WebhookEndpointRow(msgspec.Struct, kw_only=True):
    """`disabled`: the cause. `overlap_until`: so long the secrets before the present one sign, too. The positions are 0 when folded."""

    id: UUID
    stream: UUID
    account_id: UUID
    sealed_url: str
    sealed_description: str | None
    events: list[str]
    disabled: str | None = None
    overlap_until: datetime | None = None
    created_at: datetime
    updated_at: datetime
    position: int
    created_position: int


class Gone(msgspec.Struct):
    id: UUID


class Present:
    """The endpoints that a batch is about, and those that it takes away."""

    def __init__(self, rows: Sequence[WebhookEndpointRow]) -> None:
        self.rows = {row.id: row for row in rows}
        self.changed: set[UUID] = set()
        self.gone: list[Gone] = []


async def webhook_endpoint_of(conn: AsyncConnection[Any], account_id: UUID, endpoint_id: UUID) -> WebhookEndpointRow | None:
    """The endpoint, if it belongs to *account_id*."""
    found = await Place(conn).fetch(ONE, {"id": endpoint_id, "account_id": account_id}, WebhookEndpointRow)
    return found[0] if found else None


async def page_of_webhook_endpoints(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[WebhookEndpointRow]:
    """The account's endpoints by creation. `after_position` is the `created_position` of the last row seen."""
    filters = {"account_id": account_id, "created_from": created_from, "created_to": created_to}
    return await page(conn, PAGES, filters, WebhookEndpointRow, order=order, limit=limit, after_position=after_position)


def row_of(webhooks: Webhooks, endpoint_id: UUID) -> WebhookEndpointRow:
    """The same row from the folded stream.   Raises WebhookEndpointNotFound."""
    endpoint = webhooks.endpoint(endpoint_id)
    return WebhookEndpointRow(
        id=endpoint_id,
        stream=webhooks.id,
        account_id=webhooks.account_id,
        sealed_url=endpoint["sealed_url"],
        sealed_description=endpoint["sealed_description"],
        events=endpoint["events"],
        disabled=endpoint["disabled"],
        overlap_until=max((secret["until"] for secret in endpoint["secrets"] if secret["until"]), default=None),
        created_at=endpoint["created_at"],
        updated_at=endpoint["updated_at"],
        position=0,
        created_position=0,
    )


async def load(place: Place, events_: Sequence[Event]) -> Present:
    return Present(await place.fetch(LOAD, {"streams": list({event.stream for event in events_})}, WebhookEndpointRow))


def writes(present: Present) -> Sequence[Write]:
    return Write(DELETE, present.gone), Write(UPSERT, [present.rows[id] for id in present.changed if id in present.rows])


def _added(present: Present, event: Event) -> None:
    fact = event.fact
    assert event.account_id is not None, "an endpoint belongs to an account"
    present.changed.add(fact.endpoint_id)
    present.rows[fact.endpoint_id] = WebhookEndpointRow(
        id=fact.endpoint_id,
        stream=event.stream,
        account_id=event.account_id,
        sealed_url=fact.sealed_url,
        sealed_description=fact.sealed_description,
        events=fact.events,
        created_at=fact.timestamp,
        updated_at=fact.timestamp,
        position=event.position,
        created_position=event.position,
    )


def _touched(present: Present, event: Event) -> WebhookEndpointRow:
    row = present.rows[event.fact.endpoint_id]
    present.changed.add(row.id)
    row.updated_at = event.fact.timestamp
    row.position = event.position
    return row


def _changed(present: Present, event: Event) -> None:
    row, fact = _touched(present, event), event.fact
    row.sealed_url, row.sealed_description, row.events = fact.sealed_url, fact.sealed_description, fact.events


def _rotated(present: Present, event: Event) -> None:
    _touched(present, event).overlap_until = event.fact.overlap_until


def _disabled(present: Present, event: Event) -> None:
    _touched(present, event).disabled = event.fact.cause


def _enabled(present: Present, event: Event) -> None:
    _touched(present, event).disabled = None


def _deleted(present: Present, event: Event) -> None:
    del present.rows[event.fact.endpoint_id]
    present.gone.append(Gone(event.fact.endpoint_id))


MODEL = read_model(
    name="webhook_endpoints",
    version=1,
    ddl=DDL,
    facts={
        events.EndpointAdded: _added,
        events.EndpointChanged: _changed,
        events.EndpointDeleted: _deleted,
        events.EndpointDisabled: _disabled,
        events.EndpointEnabled: _enabled,
        events.EndpointSecretRotated: _rotated,
    },
    load=load,
    writes=writes,
)
