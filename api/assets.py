"""Assets: read, rename, delete, and links to their bytes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import UNSET

from api.kit.answer import Answer, no_content, ok, redirect
from api.kit.call import Call
from api.kit.shapes import moment
from api.listing import page_of
from api.reading import read_asset
from api.renditions import rendition_of
from api.shapes.assets import AssetPatch, AssetQuery, ContentLink, ContentQuery, ThumbnailQuery, shown_asset
from domain.assets.asset import Asset
from domain.assets.commands import DeleteAsset, RenameAsset
from domain.assets.media import THUMBNAIL_TYPE
from domain.assets.refusals import AssetNotFound, ThumbnailMissing
from domain.kernel.commands import Receipt
from domain.kernel.limits import SIGNED_URL_SECONDS
from projections.assets.assets import page_of_assets, row_of


async def listed(call: Call, query: AssetQuery) -> Answer:
    """Your assets, newest first."""
    key = await call.platform.vault.key(call.account_id)
    filters: dict[str, Any] = {"account_id": call.account_id, "kinds": query.kind, "sources": query.source}
    return await page_of(call, query, page_of_assets, lambda row: shown_asset(call, key, row), **filters)


async def show(call: Call, id: UUID) -> Answer:
    """One asset."""
    row = await read_asset(call, id)
    return ok(shown_asset(call, await call.platform.vault.key(call.account_id), row))


async def rename(call: Call, id: UUID, body: AssetPatch) -> Answer:
    """Change the file name."""
    if body.filename is UNSET:
        return await show(call, id)
    key = await call.platform.vault.key(call.account_id)
    command = RenameAsset(asset_id=id, account_id=call.account_id, sealed_filename=key.seal(str(body.filename)))
    return await call.execute(command, status=200, render=_renamed)


async def _renamed(call: Call, receipt: Receipt) -> Answer:
    asset = await call.platform.journal.load(Asset, call.path["id"], until=receipt.position)
    if asset is None:
        raise AssetNotFound()
    return ok(shown_asset(call, await call.platform.vault.key(call.account_id), row_of(asset)))


async def delete(call: Call, id: UUID) -> Answer:
    """Delete an asset. Its bytes go soon after."""
    return await call.execute(DeleteAsset(asset_id=id, account_id=call.account_id), status=204, render=_deleted)


async def _deleted(call: Call, receipt: Receipt) -> Answer:
    return no_content()


async def content(call: Call, id: UUID, query: ContentQuery) -> Answer:
    """A link to the bytes that works for ten minutes; of an image also in another `width` or `format`."""
    row = await read_asset(call, id)
    filename = (await call.platform.vault.key(call.account_id)).open(row.sealed_filename)
    key, content_type = await rendition_of(call, row, width=query.width, format=query.format)
    if key != row.object_key:
        filename = f"{filename.rpartition('.')[0] or filename}.{key.rpartition('.')[2]}"
    return _linked(call, query, key, content_type, filename)


async def thumbnail(call: Call, id: UUID, query: ThumbnailQuery) -> Answer:
    """A link to a small WebP of the asset that works for ten minutes."""
    row = await read_asset(call, id)
    if row.thumbnail_key is None:
        raise ThumbnailMissing()
    return _linked(call, query, row.thumbnail_key, THUMBNAIL_TYPE, None)


def _linked(call: Call, query: ThumbnailQuery, key: str, content_type: str, filename: str | None) -> Answer:
    url = call.platform.objects.url(key, now=call.now, expires_seconds=SIGNED_URL_SECONDS, content_type=content_type, filename=filename)
    if query.redirect:
        return redirect(url)
    return ok(ContentLink(url=url, expires_at=moment(call.now + timedelta(seconds=SIGNED_URL_SECONDS))))
