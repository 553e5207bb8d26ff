"""Takes away objects that no asset stands for: of deleted assets soon, of attempts that never ended after a grace."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from domain.ports import ObjectInfo
from workers.platform import WorkerPlatform

logger = logging.getLogger(__name__)

PREFIX = "assets/"
#: An attempt stores its objects before their assets are facts; none takes so long.
GRACE = timedelta(hours=1)
PAGE = 500
#: Log positions read at once.
POSITIONS = 5_000


class Sweeper:
    seconds_deleted = 10.0
    seconds_orphaned = 3_600.0

    def __init__(self, platform: WorkerPlatform) -> None:
        self._due = platform.due
        self._objects = platform.objects
        self._clock = platform.clock
        self._counts = platform.counts
        self._seen: int | None = None

    async def sweep_deleted(self) -> None:
        """Objects of assets deleted since this process began; those of earlier ones go with the orphans."""
        if self._seen is None:
            self._seen = await self._due.head()
        while True:
            keys, assets, seen = await self._due.deleted_objects(self._seen, POSITIONS)
            for asset_id in assets:
                # Renditions and whatever else lies beside it.
                keys += [found.key async for found in self._objects.list(f"{PREFIX}{asset_id}/") if found.key not in keys]
            if keys:
                await self._objects.delete(keys)
                self._counts.count("swept", len(keys))
            if seen == self._seen:
                return
            self._seen = seen

    async def sweep_orphaned(self) -> None:
        """All objects, page by page: those that are old enough and belong to no living asset. And what was never finished."""
        unfinished = await self._objects.sweep(now=self._clock.now())
        if unfinished:
            logger.info("swept %d unfinished files", unfinished)
        page: list[ObjectInfo] = []
        before = self._clock.now() - GRACE
        async for found in self._objects.list(PREFIX):
            if found.modified_at < before:
                page.append(found)
            if len(page) == PAGE:
                await self._sweep(page)
                page = []
        await self._sweep(page)

    async def _sweep(self, page: Sequence[ObjectInfo]) -> None:
        owners = {found.key: asset_of(found.key) for found in page}
        living = await self._due.living([owner for owner in set(owners.values()) if owner is not None])
        # What is not named after an asset is not ours to judge.
        keys = [key for key, owner in owners.items() if owner is not None and owner not in living]
        if keys:
            logger.info("sweeping %d objects without an asset", len(keys))
            await self._objects.delete(keys)
            self._counts.count("swept", len(keys))


def asset_of(key: str) -> UUID | None:
    """The asset that an object's key names: `assets/<asset id>/…`."""
    words = key.split("/")
    try:
        return UUID(words[1]) if len(words) >= 3 else None
    except ValueError:
        return None
