"""POST /v1/assets: a file of the caller's own becomes an asset."""

from pathlib import Path
from uuid import UUID

from api.kit.answer import Answer, created
from api.kit.call import Call
from api.kit.places import Place
from api.shapes.assets import shown_asset
from api.uploading import Received, boundary_of, named, receive
from domain.assets.asset import Asset
from domain.assets.commands import StoreUpload
from domain.assets.media import CONTENT_TYPES, THUMBNAIL_TYPE, Examined, MediaRejected
from domain.assets.refusals import AssetNotFound, UploadQuotaReached, UploadsAtOnce
from domain.generations.commands import NewAsset
from domain.kernel.commands import Receipt
from domain.kernel.ids import command_of_key
from domain.kernel.journal_refusals import IdempotencyKeyReused
from domain.kernel.limits import UPLOADS_AT_ONCE_MAX
from domain.kernel.processes import ChildDied
from projections.assets.assets import row_of, uploaded_bytes, uploads_so_far


async def upload(call: Call) -> Answer:
    """Store a file of yours: a form (multipart) with one `file`, and a `filename` if it should be called otherwise.

    The bytes are kept exactly as sent, with whatever metadata is in them; thumbnails and renditions have none. What the file is,
    is read from the bytes: its name and declared type count for nothing.
    """
    boundary = boundary_of(call.request.headers)
    places, objects = call.kit.places, call.platform.objects
    with places.take(call.account_id, most=UPLOADS_AT_ONCE_MAX, refused=lambda: UploadsAtOnce(retry_after=1)) as place:
        async with objects.staging() as path:
            received = await receive(call.request.stream, boundary, path, place)
            call.sent = received.sent()
            if (earlier := await _earlier(call)) is not None:
                return await call.rendered(earlier, uploaded)
            await _check_quota(call, place)
            asset = await _stored(call, path, received)
    try:
        async with uploads_so_far(call.platform.reads, call.account_id) as stored:
            _check(call, stored, asset.bytes)
            answer = await call.execute(StoreUpload(account_id=call.account_id, asset=asset), status=201)
    except UploadQuotaReached:
        await objects.delete(_objects_of(asset))
        raise
    if call.replayed:
        # A twin was faster: what was stored here belongs to nothing.
        await objects.delete(_objects_of(asset))
    return answer


async def uploaded(call: Call, receipt: Receipt) -> Answer:
    """As it was when it was stored."""
    asset_id = UUID(receipt.result["asset_id"])
    asset = await call.platform.journal.load(Asset, asset_id, until=receipt.position)
    if asset is None:
        raise AssetNotFound()
    shown = shown_asset(call, await call.platform.vault.key(call.account_id), row_of(asset))
    return created(shown, f"/v1/assets/{asset_id}")


async def _earlier(call: Call) -> Receipt | None:
    """What became of the first request with this key, so that nothing is stored for a repeat.   Raises IdempotencyKeyReused."""
    if call.idempotency_key is None:
        return None
    found = await call.platform.journal.receipt(command_of_key(call.account_id, call.idempotency_key))
    if found is not None and found.fingerprint != await call.fingerprint():
        raise IdempotencyKeyReused()
    return found


async def _check_quota(call: Call, place: Place) -> None:
    """Before it is looked at: what is stored, and what is on its way in this process.   Raises UploadQuotaReached."""
    await call.kit.freshness.reach("assets", reader=call.account_id, min_position=None)
    async with call.platform.reads.connection() as connection:
        stored = await uploaded_bytes(connection, call.account_id)
    _check(call, stored + call.kit.places.bytes_of(call.account_id) - place.bytes, place.bytes)


def _check(call: Call, stored: int, asked: int) -> None:
    allowed = call.platform.upload_quota_bytes
    if stored + asked > allowed:
        raise UploadQuotaReached(stored=stored, asked=asked, allowed=allowed)


def _objects_of(asset: NewAsset) -> list[str]:
    return [key for key in (asset.object_key, asset.thumbnail_key) if key]


async def _stored(call: Call, path: Path, received: Received) -> NewAsset:
    """The file, looked at and in the object store.   Raises MediaRejected."""
    key = await call.platform.vault.key(call.account_id)
    found = await _examined(call, path)
    _, ending = CONTENT_TYPES[found.content_type]
    asset_id = call.platform.ids.new()
    object_key, thumbnail_key = f"assets/{asset_id}/original.{ending}", f"assets/{asset_id}/thumbnail.webp"
    await call.platform.objects.put(object_key, path, found.content_type)
    await call.platform.objects.put(thumbnail_key, found.thumbnail, THUMBNAIL_TYPE)
    return NewAsset(
        asset_id=asset_id,
        kind=found.kind,
        content_type=found.content_type,
        bytes=found.bytes,
        sha256=found.sha256,
        width=found.width,
        height=found.height,
        duration_ms=found.duration_ms,
        object_key=object_key,
        thumbnail_key=thumbnail_key,
        sealed_filename=key.seal(named(received, ending)),
    )


async def _examined(call: Call, path: Path) -> Examined:
    try:
        return await call.platform.media.examine(path)
    except ChildDied as died:
        raise MediaRejected("crashed") from died
