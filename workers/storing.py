"""Results on their way into the object store: checked, then stored with a thumbnail."""

import asyncio

from domain.assets.media import CONTENT_TYPES, THUMBNAIL_TYPE, MediaRejected
from domain.generations.commands import NewAsset
from domain.kernel.limits import ARTEFACT_BYTES_MAX
from domain.kernel.refusals import Unavailable
from domain.ports import SubjectKey
from domain.providers.jobs import Artefact
from workers.failures import AttemptFailed
from workers.platform import WorkerPlatform

#: The store may be away for a moment; what the provider made is worth waiting for.
PAUSES_SECONDS = (0.5, 2.0, 5.0, 10.0)


class Storing:
    def __init__(self, platform: WorkerPlatform) -> None:
        self._objects = platform.objects
        self._media = platform.media
        self._ids = platform.ids

    async def store(self, artefact: Artefact, key: SubjectKey, *, name: str) -> NewAsset:
        """Raises AttemptFailed for bytes that are no image, video or sound, StoreUnavailable, ChildDied."""
        try:
            found = await self._media.examine(artefact.data, artefact.content_type, bytes_max=ARTEFACT_BYTES_MAX)
        except MediaRejected as rejected:
            raise AttemptFailed("no_output", f"The provider's result cannot be used. {rejected}", retryable=True) from rejected
        asset_id = self._ids.new()
        _, ending = CONTENT_TYPES[found.content_type]
        object_key, thumbnail_key = f"assets/{asset_id}/original.{ending}", f"assets/{asset_id}/thumbnail.webp"
        await self._put(object_key, artefact.data, found.content_type)
        await self._put(thumbnail_key, found.thumbnail, THUMBNAIL_TYPE)
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
            sealed_filename=key.seal(f"{name}.{ending}"),
        )

    async def _put(self, key: str, data: bytes, content_type: str) -> None:
        for pause in PAUSES_SECONDS:
            try:
                return await self._objects.put(key, data, content_type)
            except Unavailable:
                await asyncio.sleep(pause)
        return await self._objects.put(key, data, content_type)
