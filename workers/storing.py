"""Results on their way into the object store: checked, then stored with a thumbnail."""

import asyncio

from domain.generations.commands import NewAsset
from domain.kernel.refusals import Unavailable
from domain.ports import SubjectKey
from domain.providers.jobs import Artefact
from workers.failures import AttemptFailed
from workers.media.check import Checked, check_image
from workers.media.rejected import MediaRejected
from workers.media.thumbnail import THUMBNAIL_TYPE, thumbnail
from workers.platform import WorkerPlatform
from workers.ports import Run

#: The store may be away for a moment; what the provider made is worth waiting for.
PAUSES_SECONDS = (0.5, 2.0, 5.0, 10.0)
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class Storing:
    def __init__(self, platform: WorkerPlatform, run: Run) -> None:
        self._objects = platform.objects
        self._ids = platform.ids
        self._run = run

    async def store(self, artefact: Artefact, key: SubjectKey, *, name: str, kind: str = "image") -> NewAsset:
        """Raises AttemptFailed for bytes that are no image, StoreUnavailable."""
        try:
            checked, small = await self._run(examine, artefact.data, artefact.content_type)
        except MediaRejected as rejected:
            raise AttemptFailed("no_output", f"The provider's result cannot be used. {rejected}", retryable=True) from rejected
        asset_id = self._ids.new()
        ending = ENDINGS[checked.content_type]
        object_key, thumbnail_key = f"assets/{asset_id}/original.{ending}", f"assets/{asset_id}/thumbnail.webp"
        await self._put(object_key, artefact.data, checked.content_type)
        await self._put(thumbnail_key, small, THUMBNAIL_TYPE)
        return NewAsset(
            asset_id=asset_id,
            kind=kind,
            content_type=checked.content_type,
            bytes=checked.bytes,
            sha256=checked.sha256,
            width=checked.width,
            height=checked.height,
            duration_ms=None,
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


def examine(data: bytes, declared: str | None) -> tuple[Checked, bytes]:
    """What the bytes are, and their thumbnail. Runs in a child process, which hostile bytes may kill.   Raises MediaRejected."""
    return check_image(data, declared), thumbnail(data)
