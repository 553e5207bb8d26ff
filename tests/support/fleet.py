"""A fleet for tests: real PostgreSQL, Redis, journal, vault and object directory; providers that do what their model says."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from daybook.media import looking_at_media
from domain.accounts.commands import RegisterAccount
from domain.credits.commands import GrantCredits
from domain.credits.credit_account import CreditAccount
from domain.generations.commands import CancelGeneration, RequestGeneration
from domain.generations.generation import Generation
from domain.kernel.commands import Command, Receipt
from domain.kernel.ids import credit_stream
from domain.operators.commands import DrainWorker, PauseQueue, ResumeQueue
from domain.providers.catalogue import Catalogue, Model
from infra.clock import RandomIds
from infra.dispatch.board import PostgresBoard
from infra.dispatch.claims import PostgresClaims
from infra.dispatch.due import PostgresDue
from infra.dispatch.health import PostgresProviderHealth
from infra.dispatch.leases import keeper
from infra.dispatch.limits import PostgresLimits
from infra.dispatch.parked import PostgresParkedJobs
from infra.dispatch.queues import PostgresQueues
from infra.erasure.erasures import PostgresErasures
from infra.objects.directory import DirectoryStore
from infra.outgoing.http import PinnedHttp
from infra.secrets.keeping import KeyKeeper
from infra.secrets.own_keys import PostgresOwnKeys
from infra.secrets.vault import PostgresVault, open_vault
from projections.kernel.wake import listening
from tests.support.fleet_providers import make_providers
from tests.support.journal import JournalWorld, context, journal_world, new_id
from tests.support.signer import TestSigner
from workers.dispatcher import Dispatcher
from workers.platform import WorkerPlatform
from workers.scheduler import Scheduler
from workers.worker import Worker

PROMPT = "a lighthouse at dusk"
OPERATOR = UUID(int=26)


def model(
    model_id: str, *, attempts_max: int = 3, timeout_seconds: int = 20, on_unknown_submit: str = "at_least_once", **adapter: Any
) -> Model:
    """A model of 5 credits whose provider does what *adapter* says; see fleet_providers. It may work twice."""
    return Model(
        id=model_id,
        kind="image",
        provider="scripted",
        title=model_id,
        description="",
        price=5,
        attempts_max=attempts_max,
        timeout_seconds=timeout_seconds,
        on_unknown_submit=on_unknown_submit,
        adapter=adapter,
    )


MODELS = [
    model("instant"),
    model("slow", sleep_ms=30_000),
    model("brief", sleep_ms=200),
    model("instant-once", on_unknown_submit="at_most_once"),
    model("picture", picture=True),
    model("slow-picture", picture=True, sleep_ms=300),
    model("garbage", garbage=True, attempts_max=1),
    model("killer", kill=True),
    model("killer-once", kill=True, on_unknown_submit="at_most_once"),
    model("hasty", sleep_ms=30_000, timeout_seconds=1, attempts_max=1),
    model("hasty-once", sleep_ms=30_000, timeout_seconds=1, attempts_max=2, on_unknown_submit="at_most_once"),
    model("twice-limited", fail="rate_limited", times=2, retry_after=0.2),
    model("limited", fail="rate_limited", times=9, retry_after=0.1),
    model("refused", fail="content_rejected", times=9),
    model("defective", defect=True, attempts_max=1),
]


@dataclass
class Fleet:
    """`platform` for workers, dispatcher and scheduler; and what an API would do."""

    world: JournalWorld
    vault: PostgresVault
    platform: WorkerPlatform
    queues: PostgresQueues
    folder: Path

    @asynccontextmanager
    async def working(self, *, slots: int = 8, grace_seconds: float = 1.0, platform: WorkerPlatform | None = None) -> AsyncIterator[Worker]:
        """A worker for as long as the block lasts; then it is drained."""
        worker = Worker(platform or self.platform, slots=slots, grace_seconds=grace_seconds)
        async with running(worker.run):
            yield worker

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[None]:
        async with running(Dispatcher(self.platform).run):
            yield

    @asynccontextmanager
    async def scheduling(self) -> AsyncIterator[None]:
        async with running(Scheduler(self.platform).run):
            yield

    async def execute(self, command: Command) -> Receipt:
        return await self.world.journal.execute(command, replace_now(self.world))

    async def account(self, *, credits: int = 100) -> UUID:
        account_id = new_id()
        await self.vault.create(account_id)
        await self.execute(
            RegisterAccount(
                account_id=account_id,
                sealed_profile="sealed",
                email_index=account_id.hex,
                sealed_password_hash="sealed-hash",
                roles=["user"],
                welcome_grant_id=new_id(),
                welcome_credits=0,
            )
        )
        await self.execute(
            GrantCredits(
                account_id=account_id, grant_id=new_id(), source="operator", amount=credits, priority=0, expires_at=None, reason="test"
            )
        )
        return account_id

    async def submit(self, account_id: UUID, model: str = "instant", **changes: Any) -> UUID:
        """Accept a generation, as the API does."""
        generation_id = new_id()
        key = await self.vault.key(account_id)
        now = self.platform.clock.now()
        values: dict[str, Any] = {
            "kind": "image",
            "model": model,
            "provider": "scripted",
            "queue": "image",
            "params": {"size": "64x64", "count": 1},
            "inputs": [],
            "sealed": key.seal(json.dumps({"prompt": PROMPT, "negative_prompt": None, "tags": []})),
            "tag_index": [],
            "priority": "normal",
            "quoted": 5,
            "price_version": 1,
            "on_cancel": "free",
            "run_at": None,
            "start_deadline": None,
            "deadline": now + timedelta(hours=1),
            **changes,
        }
        await self.execute(RequestGeneration(generation_id=generation_id, account_id=account_id, **values))
        return generation_id

    async def pause(self, queue: str = "image") -> None:
        await self.execute(PauseQueue(account_id=OPERATOR, queue=queue, reason="test"))

    async def resume(self, queue: str = "image") -> None:
        await self.execute(ResumeQueue(account_id=OPERATOR, queue=queue, reason="test"))

    async def drain(self, worker: UUID) -> None:
        await self.execute(DrainWorker(account_id=OPERATOR, worker=worker, reason="test"))

    async def cancel(self, account_id: UUID, generation_id: UUID) -> None:
        await self.execute(CancelGeneration(generation_id=generation_id, account_id=account_id, actor="user"))

    async def generation(self, generation_id: UUID) -> Generation:
        found = await self.world.journal.load(Generation, generation_id)
        assert found is not None
        return found

    async def credits(self, account_id: UUID) -> CreditAccount:
        found = await self.world.journal.load(CreditAccount, credit_stream(account_id))
        assert found is not None
        return found

    async def final(self, *generation_ids: UUID, seconds: float = 60.0) -> list[Generation]:
        """The generations, once all of them are final."""
        async with asyncio.timeout(seconds):
            return [await self.when(each, lambda found: found.final) for each in generation_ids]

    async def when(self, generation_id: UUID, holds: Callable[[Generation], bool], seconds: float = 60.0) -> Generation:
        """The generation, once *holds* of it is true."""
        async with asyncio.timeout(seconds):
            while not holds(found := await self.generation(generation_id)):
                await asyncio.sleep(0.02)
        return found

    async def facts(self, generation_id: UUID) -> list[str]:
        return [type(each.fact).__name__ for each in await self.world.journal.stream(generation_id)]

    async def work(self, generation_id: UUID) -> dict[str, Any] | None:
        rows = await self.world.rows("SELECT to_jsonb(w) FROM dispatch.work w WHERE generation_id = %s", generation_id)
        return rows[0][0] if rows else None

    async def change_work(self, generation_id: UUID, change: str) -> None:
        """What the passing of time, or another process, would have written."""
        await self.world.rows(f"UPDATE dispatch.work SET {change} WHERE generation_id = %s RETURNING 1", generation_id)

    def without_redis(self) -> WorkerPlatform:
        return replace(self.platform, redis_url="redis://127.0.0.1:1/0")


def replace_now(world: JournalWorld) -> Any:
    made = context()
    return type(made)(actor="test", now=world.clock.now(), command_id=made.command_id)


@asynccontextmanager
async def running(run: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """A process entry for as long as the block lasts; it must then end by itself."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(15):
            await task


@asynccontextmanager
async def open_fleet(dsn: str, redis_url: str, folder: Path) -> AsyncIterator[Fleet]:
    """A fleet on the migrated database *dsn*; its objects lie in *folder*."""
    async with journal_world(dsn) as world, AsyncExitStack() as stack:
        media = stack.enter_context(looking_at_media())
        objects = DirectoryStore(folder, public_url="http://daybook.test", signer=TestSigner())
        await objects.prepare()
        vault = await open_vault(world.pool, objects, secret=b"fleet-secret-fleet-secret-fleet!")
        platform = WorkerPlatform(
            journal=world.journal,
            vault=vault,
            own_keys=PostgresOwnKeys(world.pool, world.journal, vault),
            clock=world.clock,
            ids=RandomIds(),
            objects=objects,
            media=media,
            catalogue=Catalogue(price_version=1, models=MODELS, defaults={"image": "instant"}),
            make_providers=make_providers,
            claims=PostgresClaims(world.pool),
            parked=PostgresParkedJobs(world.pool),
            limits=PostgresLimits(world.pool),
            health=PostgresProviderHealth(world.pool),
            keep_leases=keeper(dsn),
            board=PostgresBoard(world.pool),
            due=PostgresDue(world.pool),
            erasures=PostgresErasures(world.pool),
            keys=KeyKeeper(vault.epochs, retention=timedelta(days=35)),
            listen=functools.partial(listening, dsn),
            redis_url=redis_url,
            outgoing=PinnedHttp(),
        )
        yield Fleet(world, vault, platform, PostgresQueues(world.pool), folder)
        with suppress(Exception):
            await objects.close()
