"""The port `Rendering`: folds the streams that an event is about up to its position, and shows them as the API does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from api.kit.shapes import Shown, moment
from api.shapes.assets import Asset as ShownAsset
from api.shapes.assets import shown_asset
from api.shapes.credits import shown_balance
from api.shapes.generations import Generation as ShownGeneration
from api.shapes.generations import shown_generation
from api.shapes.purchases import shown_purchase
from api.shapes.subscriptions import shown_subscription
from api.shapes.telling import Told
from daybook.telling.standing import Standings
from domain.assets.asset import Asset
from domain.generations.events import GenerationDeleted, GenerationRequested, GenerationSucceeded
from domain.generations.generation import Generation
from domain.orders.order import Order
from domain.ports import Connections, Journal, Recorded, Vault
from domain.subscriptions.subscription import Subscription
from domain.telling import names
from domain.telling.low import runs_low
from domain.telling.ports import Payload
from projections.assets.assets import row_of as asset_row
from projections.orders.orders import row_of as order_row
from projections.subscriptions.subscriptions import row_of as subscription_row

Said = tuple[Sequence[str], Shown]
_ENCODE = msgspec.json.Encoder().encode


class LogRendering:
    """Implements `domain.telling.ports.Rendering`. One per process."""

    #: Of `api.kit.shapes.Showing`: nothing is known before it is opened.
    just_sealed = None

    def __init__(self, *, journal: Journal, reads: Connections, vault: Vault, public_url: str) -> None:
        self.public_url = public_url
        self._journal = journal
        self._vault = vault
        self._standings = Standings(reads)
        self._makers: Mapping[str, Callable[[Recorded], Awaitable[Said]]] = {
            "assets": self._asset,
            "credits": self._balance,
            "generations": self._generation,
            "orders": self._purchase,
            "subscriptions": self._subscription,
        }

    async def payloads(self, event: Recorded, *, output_bytes_max: int | None = None) -> Sequence[Payload]:
        if event.topic not in names.STREAMED:
            return ()
        said, data = await self._makers[event.topic.partition(".")[0]](event)
        about = None
        if isinstance(data, ShownGeneration):
            about = event.stream
            if output_bytes_max is not None and data.output is not None and len(_ENCODE(data.output)) > output_bytes_max:
                data.output = None
        return [self._payload(event, name, data, about) for name in said]

    @staticmethod
    def _payload(event: Recorded, name: str, data: Shown, generation_id: UUID | None) -> Payload:
        fact: Any = event.fact
        assert event.account_id is not None, "what is told belongs to an account"
        told = Told(type=name, timestamp=moment(fact.timestamp), position=event.position, data=data)
        return Payload(type=name, position=event.position, account_id=event.account_id, generation_id=generation_id, body=_ENCODE(told))

    async def _generation(self, event: Recorded) -> Said:
        generation: Generation = await self._loaded(Generation, event)
        # The facts of its assets follow some of its own in the same commit, which nobody has ever seen in parts.
        until = event.position + (len(generation.asset_ids) if isinstance(event.fact, GenerationSucceeded | GenerationDeleted) else 0)
        assets = [await self._journal.load(Asset, asset_id, until=until) for asset_id in generation.asset_ids]
        rows = {asset.id: asset_row(asset) for asset in assets if asset is not None and not asset.deleted}
        said: Sequence[str] = names.STREAMED[event.topic]
        if isinstance(event.fact, GenerationRequested):
            said = (names.QUEUED,) if event.fact.run_at is None else (names.SCHEDULED,)
        return said, shown_generation(self, await self._vault.key(generation.account_id), generation, rows)

    async def _asset(self, event: Recorded) -> Said:
        row = asset_row(await self._loaded(Asset, event))
        shown: ShownAsset = shown_asset(self, await self._vault.key(row.account_id), row)
        return names.PUBLIC[event.topic], shown

    async def _balance(self, event: Recorded) -> Said:
        assert event.account_id is not None, "a ledger fact belongs to an account"
        standing = await self._standings.after(event.account_id, event.position)
        low = runs_low(standing.available_before, standing.row.available, measure=standing.measure)
        said = [name for name in names.PUBLIC[event.topic] if name != names.LOW or low]
        return said, shown_balance(standing.row)

    async def _purchase(self, event: Recorded) -> Said:
        row = order_row(await self._loaded(Order, event))
        return names.PUBLIC[event.topic], shown_purchase(await self._vault.key(row.account_id), row, _at(event))

    async def _subscription(self, event: Recorded) -> Said:
        row = subscription_row(await self._loaded(Subscription, event))
        return names.PUBLIC[event.topic], shown_subscription(await self._vault.key(row.account_id), row, _at(event))

    async def _loaded(self, kind: Any, event: Recorded) -> Any:
        found = await self._journal.load(kind, event.stream, until=event.position)
        if found is None:
            raise LookupError(f"position {event.position} ({event.topic}) leads to no {kind.__name__}")
        return found


def _at(event: Recorded) -> Any:
    """When it was: a checkout page that was open then is shown, whenever it is told."""
    fact: Any = event.fact
    return fact.timestamp
