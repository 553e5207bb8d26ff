"""What the installation keeps only for so long: uploads that nothing uses any more, and results of generations."""

import logging
from collections.abc import Mapping

from domain.assets.commands import DeleteAsset
from domain.assets.ports import KeptAsset, KeptAssets
from domain.assets.refusals import AssetNotFound
from workers.orders import Orders

logger = logging.getLogger(__name__)

SECONDS = 60.0
PAGE = 200
CAUSES = {"generation": "result_retention", "upload": "upload_retention"}


class Retention:
    """*days*: source of an asset -> how long it is kept; what is not in it has no end. A page each time, round and round."""

    seconds = SECONDS

    def __init__(self, kept: KeptAssets | None, days: Mapping[str, int], orders: Orders) -> None:
        self._kept = kept
        self._days = days
        self._orders = orders
        self._after = dict.fromkeys(days, 0)

    async def run(self) -> None:
        for source, days in self._days.items():
            await self._page(source, days)

    async def _page(self, source: str, days: int) -> None:
        if self._kept is None:
            return
        page = await self._kept.older(source, days, after=self._after[source], limit=PAGE)
        for asset in page:
            # A result stays what its generation made, however often it is used; an upload is there to be used.
            if source == "generation" or not asset.used:
                await self._end(asset, CAUSES[source])
        self._after[source] = page[-1].position if len(page) == PAGE else 0

    async def _end(self, asset: KeptAsset, cause: str) -> None:
        command = DeleteAsset(asset_id=asset.asset_id, account_id=asset.account_id, cause=cause)
        try:
            await self._orders.send(command, f"retention:{asset.asset_id}")
        except AssetNotFound as refusal:
            logger.info("not deleted: %s", refusal)
