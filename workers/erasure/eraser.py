"""The eraser: what follows from the request of an erasure, step by step.

Each step may be taken any number of times and by any number of processes, and what is done is read from the log and the
tables, never remembered: so it may end anywhere. The key is destroyed only when nothing is left that would need it, and the
erasure counts as done (`AccountErased`) only when the key is gone.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from domain.assets.commands import DeleteAsset
from domain.assets.refusals import AssetNotFound
from domain.erasure.commands import CancelForErasure, CompleteErasure
from domain.erasure.handlers import REASON
from domain.erasure.listed import CONTENT_TYPE, Listed, key_of, written
from domain.erasure.ports import Due, Erasures, StoredAsset
from domain.generations.commands import CancelGeneration
from domain.generations.generation import Generation
from domain.generations.refusals import GenerationFinal, GenerationNotFound
from domain.payments.ports import Payments
from domain.ports import Clock, Journal, ObjectStore, Vault
from domain.subscriptions.commands import CancelSubscription
from domain.subscriptions.subscription import Subscription, claim_of
from workers.orders import Orders

logger = logging.getLogger(__name__)

#: In this order; each is a method below.
STEPS = ("list it", "end generations", "end subscription", "delete assets", "forget", "destroy key", "complete")
BATCH = 20
PAGE = 200
#: So long a worker has to tell a provider that nobody waits for its job any more, and so often is looked whether it has.
STOP_SECONDS = 10.0
STOP_LOOK_SECONDS = 0.2


class Ground(Protocol):
    """What it stands on."""

    @property
    def journal(self) -> Journal: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def objects(self) -> ObjectStore: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def payments(self) -> Payments | None: ...


class Eraser:
    """`told` is called before each of the `STEPS`."""

    def __init__(self, ground: Ground, erasures: Erasures, actor: str, told: Callable[[str], None] = lambda step: None) -> None:
        self._journal = ground.journal
        self._payments = ground.payments
        self._vault = ground.vault
        self._objects = ground.objects
        self._erasures = erasures
        self._orders = Orders(ground.journal, ground.clock, actor)
        self._told = told

    async def run(self) -> int:
        """Carry out what is open. How many. One that fails keeps no other from its end; its error is raised when all were tried."""
        due = await self._erasures.due(BATCH)
        outcomes = await asyncio.gather(*(self.erase(each) for each in due), return_exceptions=True)
        errors = [each for each in outcomes if isinstance(each, BaseException)]
        if errors:
            raise errors[0]
        return len(due)

    async def erase(self, due: Due) -> None:
        """All steps, in their order.   Raises Unavailable, whatever was done by then."""
        for step in STEPS:
            self._told(step)
            await getattr(self, "_" + step.replace(" ", "_"))(due)
        logger.info("erased", extra={"account": str(due.account_id)})

    async def _list_it(self, due: Due) -> None:
        """First of all: a restored database learns from here what it has forgotten to forget."""
        listed = Listed(account_id=due.account_id, requested_at=due.requested_at)
        await self._objects.put(key_of(due.account_id), written(listed), CONTENT_TYPE)

    async def _end_generations(self, due: Due) -> None:
        """Nothing new is accepted since the request, so this comes to an end. A row that stays is a left-over of what has ended."""
        seen: set[UUID] = set()
        while found := set(await self._erasures.open_generations(due.account_id, len(seen) + PAGE)) - seen:
            await asyncio.gather(*(self._end_generation(due.account_id, each) for each in found))
            seen |= found

    async def _end_generation(self, account_id: UUID, generation_id: UUID) -> None:
        await self._stop_at_provider(account_id, generation_id)
        try:
            await self._orders.send(CancelForErasure(account_id=account_id, generation_id=generation_id), f"erase:{generation_id}")
        except GenerationNotFound as refusal:
            logger.info("not ended: %s", refusal)

    async def _stop_at_provider(self, account_id: UUID, generation_id: UUID) -> None:
        """A parked job is canceled like any other: a worker asks its provider to stop it. If none does soon, it ends without that."""
        generation = await self._journal.load(Generation, generation_id)
        if generation is None or generation.status != "running" or generation.sealed_job is None:
            return
        command = CancelGeneration(generation_id=generation_id, account_id=account_id, actor=REASON)
        try:
            await self._orders.send(command, f"erase-stop:{generation_id}")
        except GenerationFinal:
            return
        until = time.monotonic() + STOP_SECONDS
        while generation is not None and not generation.final and time.monotonic() < until:
            await asyncio.sleep(STOP_LOOK_SECONDS)
            generation = await self._journal.load(Generation, generation_id)

    async def _end_subscription(self, due: Due) -> None:
        """Nobody pays on for an account that is gone. The payment service is told first; while it is away the erasure waits."""
        subscription_id = await self._journal.claimed(claim_of(due.account_id))
        found = None if subscription_id is None else await self._journal.load(Subscription, subscription_id)
        if found is None or found.ended is not None:
            return
        reference = found.reference or found.checkout
        if self._payments is not None and found.provider == self._payments.name and reference is not None:
            await self._payments.cancel_at_period_end(reference)
        await self._orders.send(CancelSubscription(subscription_id=found.id, account_id=due.account_id), f"erase:{found.id}")

    async def _delete_assets(self, due: Due) -> None:
        """The bytes first: a fact says that they are gone only when they are."""
        after = 0
        while found := await self._erasures.assets(due.account_id, after, PAGE):
            await self._objects.delete([key for asset in found for key in await self._keys_of(asset)])
            await asyncio.gather(*(self._delete_asset(due.account_id, asset.asset_id) for asset in found if not asset.deleted))
            after = found[-1].position

    async def _keys_of(self, asset: StoredAsset) -> list[str]:
        """What the log names, and whatever else lies beside it."""
        beside = [found.key async for found in self._objects.list(f"assets/{asset.asset_id}/")]
        return list(dict.fromkeys(key for key in (asset.object_key, asset.thumbnail_key, *beside) if key))

    async def _delete_asset(self, account_id: UUID, asset_id: UUID) -> None:
        try:
            await self._orders.send(DeleteAsset(asset_id=asset_id, account_id=account_id), f"erase:{asset_id}")
        except AssetNotFound as refusal:
            logger.info("not deleted: %s", refusal)

    async def _forget(self, due: Due) -> None:
        await self._erasures.forget(due.account_id)

    async def _destroy_key(self, due: Due) -> None:
        await self._vault.destroy(due.account_id)

    async def _complete(self, due: Due) -> None:
        command = CompleteErasure(account_id=due.account_id, requested_at=due.requested_at)
        await self._orders.send(command, f"erased:{due.account_id}")
