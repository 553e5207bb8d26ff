"""Stored results and uploads. `sealed_filename` is ciphertext; the object keys say where the bytes lie."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.assets import events
from domain.assets.asset import Asset
from domain.ports import Connections
from projections.kernel.facts import Event
from projections.kernel.model import Place, Write, read_model
from projections.kernel.pages import page
from projections.kernel.turns import lane_of, one, turn

DDL = """
CREATE TABLE read.assets_v2 (
    id               uuid        PRIMARY KEY,
    account_id       uuid        NOT NULL,
    kind             text        NOT NULL,
    source           text        NOT NULL,
    generation_id    uuid,
    content_type     text        NOT NULL,
    bytes            bigint      NOT NULL,
    sha256           text        NOT NULL,
    width            integer,
    height           integer,
    duration_ms      integer,
    object_key       text        NOT NULL,
    thumbnail_key    text,
    sealed_filename  text        NOT NULL,
    deleted          boolean     NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    position         bigint      NOT NULL,
    created_position bigint      NOT NULL,
    sealed_share_token text,
    share_expires_at timestamptz
);
-- Lists of an account and of everybody, and the bytes an account stores without visiting the rows.
CREATE INDEX ON read.assets_v2 (account_id, created_position) INCLUDE (bytes, source) WHERE NOT deleted;
CREATE INDEX ON read.assets_v2 (created_position) WHERE NOT deleted;
-- The sweeper asks which stored objects still belong to something, and which belong to nothing any more.
CREATE INDEX ON read.assets_v2 (object_key);
CREATE INDEX ON read.assets_v2 (position) WHERE deleted;
-- The scheduler asks what has been kept for longer than the installation wants to.
CREATE INDEX ON read.assets_v2 (source, created_at) WHERE NOT deleted;
"""
# Stored in this batch: whole rows.
INSERT = "INSERT INTO read.assets_v2 SELECT * FROM json_populate_recordset(NULL::read.assets_v2, %(rows)s::json)"
# Stored before: what the batch says of them; a name that is NULL stands for "as it was".
UPDATE = """
    UPDATE read.assets_v2 a SET
        sealed_filename = coalesce(c.sealed_filename, a.sealed_filename), deleted = a.deleted OR c.deleted,
        sealed_share_token = CASE WHEN c.share_changed THEN c.sealed_share_token ELSE a.sealed_share_token END,
        share_expires_at = CASE WHEN c.share_changed THEN c.share_expires_at ELSE a.share_expires_at END,
        updated_at = c.updated_at, position = c.position
    FROM json_to_recordset(%(rows)s::json) AS c (
        id uuid, sealed_filename text, deleted boolean, share_changed boolean, sealed_share_token text,
        share_expires_at timestamptz, updated_at timestamptz, position bigint)
    WHERE a.id = c.id
"""
# One asset, by its key; a deleted one is as if it never was.
ONE = """
    SELECT * FROM read.assets_v2
    WHERE id = %(id)s AND NOT deleted AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
"""
# The assets of a page of generations.
THESE = "SELECT * FROM read.assets_v2 WHERE id = ANY(%(ids)s) AND NOT deleted"
# Which of these objects belong to an asset that is not deleted.
KEYS = "SELECT object_key FROM read.assets_v2 WHERE object_key = ANY(%(keys)s) AND NOT deleted"
# Objects that may go, in the order of the deletions.
DELETED = """
    SELECT * FROM read.assets_v2 WHERE deleted AND position > %(after_position)s ORDER BY position LIMIT %(limit)s
"""
# Out of the index alone; with what the read model has not seen yet, at the end of the log.
UPLOADED = """
    SELECT (SELECT coalesce(sum(bytes), 0) FROM read.assets_v2
            WHERE NOT deleted AND account_id = %(account_id)s AND source = 'upload')::bigint
         + (SELECT coalesce(sum((stored ->> 'bytes')::bigint), 0)
            FROM (SELECT convert_from(state, 'UTF8')::json AS stored FROM journal.events
                  WHERE account_id = %(account_id)s AND topic = 'assets.stored' AND position > coalesce(
                     (SELECT position FROM read.models WHERE name = 'assets' AND version = 2 AND place = 'read'), 0)) unseen
            WHERE stored ->> 'source' = 'upload')::bigint
"""
# Newest first, by the position of the storing.
_PAGE = """
    SELECT * FROM read.assets_v2
    WHERE NOT deleted AND created_position {beyond} %(after_position)s
      AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
      AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
      AND (%(sources)s::text[] IS NULL OR source = ANY(%(sources)s))
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""
PAGES = {"asc": _PAGE.format(beyond=">", direction="ASC"), "desc": _PAGE.format(beyond="<", direction="DESC")}


class AssetRow(msgspec.Struct, kw_only=True):
    """`position`: the stream's last fact. `created_position`: its first, by which lists are ordered (0 when folded from a stream)."""

    id: UUID
    account_id: UUID
    kind: str
    source: str
    generation_id: UUID | None
    content_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    duration_ms: int | None
    object_key: str
    thumbnail_key: str | None
    sealed_filename: str
    deleted: bool
    created_at: datetime
    updated_at: datetime
    position: int
    created_position: int
    sealed_share_token: str | None = None
    share_expires_at: datetime | None = None


class Patch(msgspec.Struct, kw_only=True):
    """What a batch says of an asset from before."""

    id: UUID
    sealed_filename: str | None = None
    deleted: bool = False
    share_changed: bool = False
    sealed_share_token: str | None = None
    share_expires_at: datetime | None = None
    updated_at: datetime | None = None
    position: int = 0


#: Fields that the fact, the aggregate and the row call the same.
_SAME = tuple(name for name in AssetRow.__struct_fields__ if name in events.AssetStored.__annotations__)


async def asset_of(conn: AsyncConnection[Any], account_id: UUID | None, asset_id: UUID) -> AssetRow | None:
    """The asset, if it is not deleted and belongs to *account_id* (None: to anybody)."""
    found = await Place(conn).fetch(ONE, {"id": asset_id, "account_id": account_id}, AssetRow)
    return found[0] if found else None


async def assets_of(conn: AsyncConnection[Any], asset_ids: Sequence[UUID]) -> dict[UUID, AssetRow]:
    """Those of *asset_ids* that exist and are not deleted, by id: the assets of a page of generations in one query."""
    found = await Place(conn).fetch(THESE, {"ids": list(asset_ids)}, AssetRow) if asset_ids else []
    return {row.id: row for row in found}


async def page_of_assets(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID | None,
    kinds: Sequence[str] = (),
    sources: Sequence[str] = (),
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[AssetRow]:
    """Assets that are not deleted, by creation. `after_position` is the `created_position` of the last row seen."""
    filters = {"account_id": account_id, "kinds": kinds, "sources": sources, "created_from": created_from, "created_to": created_to}
    return await page(conn, PAGES, filters, AssetRow, order=order, limit=limit, after_position=after_position)


async def known_keys(conn: AsyncConnection[Any], keys: Sequence[str]) -> set[str]:
    """Those of the object *keys* that belong to an asset which is not deleted."""
    cursor = await conn.execute(KEYS, {"keys": list(keys)})
    return {str(key) for (key,) in await cursor.fetchall()}


async def deleted_assets(conn: AsyncConnection[Any], *, after_position: int, limit: int = 100) -> list[AssetRow]:
    """Deleted assets, whose objects may go, by the `position` of their deletion."""
    return await Place(conn).fetch(DELETED, {"after_position": after_position, "limit": limit}, AssetRow)


async def uploaded_bytes(conn: AsyncConnection[Any], account_id: UUID) -> int:
    """What the account's uploads have together, to the last one."""
    (stored,) = await one(conn, UPLOADED, account_id=account_id)
    return int(stored)


@asynccontextmanager
async def uploads_so_far(connections: Connections, account_id: UUID) -> AsyncIterator[int]:
    """What they have together. One at a time: whoever stores a further one does it inside the block."""
    async with turn(connections, lane_of("uploads", account_id)) as conn:
        yield await uploaded_bytes(conn, account_id)


def row_of(asset: Asset) -> AssetRow:
    """The same row from the folded stream."""
    return AssetRow(
        **{name: getattr(asset, name) for name in _SAME},
        id=asset.id,
        deleted=asset.deleted,
        created_at=asset.created_on,
        updated_at=asset.modified_on,
        position=asset.position,
        created_position=0,
        sealed_share_token=asset.sealed_share_token,
        share_expires_at=asset.share_expires_at,
    )


class Present:
    """Assets that a batch stores, and patches of those from before."""

    def __init__(self) -> None:
        self.stored: dict[UUID, AssetRow] = {}
        self.patches: dict[UUID, Patch] = {}


async def load(place: Place, events_: Sequence[Event]) -> Present:
    return Present()


def writes(present: Present) -> Sequence[Write]:
    return Write(INSERT, list(present.stored.values())), Write(UPDATE, list(present.patches.values()))


def _stored(present: Present, event: Event) -> None:
    fact = event.fact
    present.stored[event.stream] = AssetRow(
        **{name: getattr(fact, name) for name in _SAME},
        id=event.stream,
        deleted=False,
        created_at=fact.timestamp,
        updated_at=fact.timestamp,
        position=event.position,
        created_position=event.position,
    )


def _touched(present: Present, event: Event) -> AssetRow | Patch:
    row = present.stored.get(event.stream) or present.patches.setdefault(event.stream, Patch(id=event.stream))
    row.updated_at = event.fact.timestamp
    row.position = event.position
    return row


def _renamed(present: Present, event: Event) -> None:
    _touched(present, event).sealed_filename = event.fact.sealed_filename


def _deleted(present: Present, event: Event) -> None:
    _touched(present, event).deleted = True


def _shared(present: Present, event: Event) -> None:
    _share(_touched(present, event), event.fact.sealed_token, event.fact.expires_at)


def _unshared(present: Present, event: Event) -> None:
    _share(_touched(present, event), None, None)


def _share(row: AssetRow | Patch, sealed_token: str | None, expires_at: datetime | None) -> None:
    row.sealed_share_token, row.share_expires_at = sealed_token, expires_at
    if isinstance(row, Patch):
        row.share_changed = True


MODEL = read_model(
    name="assets",
    version=2,
    ddl=DDL,
    facts={
        events.AssetDeleted: _deleted,
        events.AssetRenamed: _renamed,
        events.AssetShared: _shared,
        events.AssetStored: _stored,
        events.AssetUnshared: _unshared,
    },
    load=load,
    writes=writes,
)
