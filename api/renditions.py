"""Images in another width or format: made when they are first asked for, kept beside the asset, and gone with it."""

from typing import Any

from api.kit.call import Call
from domain.assets.media import RENDITION_TYPES, MediaRejected
from domain.assets.refusals import RenditionRefused
from domain.kernel.limits import RENDITION_WIDTH_MAX, RENDITIONS_MAX
from domain.kernel.processes import ChildDied
from projections.assets.assets import AssetRow

_FORMATS = {content_type: format for format, content_type in RENDITION_TYPES.items()}


async def rendition_of(call: Call, row: AssetRow, *, width: int | None, format: str | None) -> tuple[str, str]:
    """Object key and content type of the asset in this width and format; the original itself where it is just that.

    Raises RenditionRefused, MediaRejected, MediaBusy. Never wider than the original.
    """
    if width is None and format is None:
        return row.object_key, row.content_type
    if row.kind != "image" or row.width is None:
        raise RenditionRefused()
    own = _FORMATS.get(row.content_type)
    chosen, wide = format or own or "png", min(width or RENDITION_WIDTH_MAX, row.width, RENDITION_WIDTH_MAX)
    if chosen == own and wide == row.width:
        return row.object_key, row.content_type
    key = f"{_folder(row)}w{wide}.{chosen}"
    if await call.platform.objects.stat(key) is None:
        await call.kit.flights.once(key, lambda: _make(call.platform, row, key, wide, chosen))
    return key, RENDITION_TYPES[chosen]


async def _make(platform: Any, row: AssetRow, key: str, width: int, format: str) -> None:
    if await platform.objects.stat(key) is not None:
        return
    async with platform.objects.file(row.object_key) as path:
        try:
            made = await platform.media.rendition(path, row.content_type, width=width, format=format)
        except ChildDied as died:
            raise MediaRejected("crashed") from died
    await _make_room(platform, row)
    await platform.objects.put(key, made, RENDITION_TYPES[format])


async def _make_room(platform: Any, row: AssetRow) -> None:
    """The oldest go, so that nobody fills the store by asking for every width there is."""
    kept = [found async for found in platform.objects.list(_folder(row))]
    kept.sort(key=lambda found: found.modified_at)
    await platform.objects.delete([found.key for found in kept[: len(kept) - RENDITIONS_MAX + 1]])


def _folder(row: AssetRow) -> str:
    return f"assets/{row.id}/renditions/"
