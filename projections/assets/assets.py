"""Stored results and uploads. `sealed_filename` is ciphertext; the object keys say where the bytes lie."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.assets.asset import Asset


class AssetRow(msgspec.Struct, frozen=True, kw_only=True):
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


async def asset_of(conn: AsyncConnection[Any], account_id: UUID | None, asset_id: UUID) -> AssetRow | None:
    """The asset, if it is not deleted and belongs to *account_id* (None: to anybody)."""
    raise NotImplementedError


async def assets_of(conn: AsyncConnection[Any], asset_ids: Sequence[UUID]) -> dict[UUID, AssetRow]:
    """Those of *asset_ids* that exist and are not deleted, by id: the assets of a page of generations in one query."""
    raise NotImplementedError


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
    raise NotImplementedError


def row_of(asset: Asset) -> AssetRow:
    """The same row from the folded stream."""
    raise NotImplementedError
