"""What an installation keeps only for so long goes by itself, with its cause in the log; what is used stays."""

from datetime import timedelta

from domain.assets.asset import Asset
from domain.assets.commands import DeleteAsset, ShareAsset, StoreUpload
from domain.generations.commands import NewAsset
from infra.objects.kept import PostgresKeptAssets
from projections.projector import projector
from projections.read_models import READ_MODELS
from tests.support.fleet import Fleet
from workers.orders import Orders
from workers.retention import Retention
from workers.sweeper import Sweeper, asset_of

MODELS = (READ_MODELS["assets"], READ_MODELS["generations"])
AGED = [f"UPDATE read.{model.tables[0]} SET created_at = created_at - interval '40 days'" for model in MODELS]


async def stored(fleet: Fleet, account, *, objects=()):
    asset_id = fleet.platform.ids.new()
    for key in objects:
        await fleet.platform.objects.put(f"assets/{asset_id}/{key}", b"x", "image/png")
    asset = NewAsset(
        asset_id=asset_id,
        kind="image",
        content_type="image/png",
        bytes=1,
        sha256="00" * 32,
        width=1,
        height=1,
        duration_ms=None,
        object_key=f"assets/{asset_id}/original.png",
        thumbnail_key=None,
        sealed_filename="s1.x",
    )
    await fleet.execute(StoreUpload(account_id=account, asset=asset))
    return asset_id


async def shared(fleet: Fleet, account, asset_id, *, hours: int):
    link = {"token_hash": asset_id.hex, "sealed_token": "s1.t", "expires_at": fleet.platform.clock.now() + timedelta(hours=hours)}
    await fleet.execute(ShareAsset(asset_id=asset_id, account_id=account, **link))


async def aged(fleet: Fleet, dsn: str) -> None:
    """The read models as they are, forty days later."""
    await projector(dsn).catch_up()
    async with fleet.world.pool.connection() as connection:
        for query in AGED:
            await connection.execute(query)


def retention(fleet: Fleet, **days: int) -> Retention:
    return Retention(PostgresKeptAssets(fleet.world.pool), days, Orders(fleet.platform.journal, fleet.platform.clock, "scheduler"))


async def deleted(fleet: Fleet, *asset_ids) -> list[bool]:
    return [(await fleet.platform.journal.load(Asset, each)).deleted for each in asset_ids]


async def test_uploads_that_nothing_uses_go_after_their_days(fleet: Fleet, fresh_database_url: str):
    account = await fleet.account()
    unused, linked, ended, awaited = [await stored(fleet, account) for _ in range(4)]
    await shared(fleet, account, linked, hours=1)
    await shared(fleet, account, ended, hours=-1)
    await fleet.submit(account, inputs=[{"asset_id": str(awaited)}])
    await aged(fleet, fresh_database_url)
    await retention(fleet, upload=50).run()
    assert await deleted(fleet, unused, linked, ended, awaited) == [False] * 4
    again = retention(fleet, upload=30)
    await again.run()
    await again.run()
    assert await deleted(fleet, unused, linked, ended, awaited) == [True, False, True, False]
    last = (await fleet.platform.journal.stream(unused))[-1]
    assert (last.topic, last.fact.cause, last.actor) == ("assets.deleted", "upload_retention", "scheduler")


async def test_results_go_after_their_days_and_the_book_stays(fleet: Fleet, fresh_database_url: str):
    account = await fleet.account()
    async with fleet.working():
        [done] = await fleet.final(await fleet.submit(account, "picture"))
    upload = await stored(fleet, account)
    await aged(fleet, fresh_database_url)
    now = fleet.platform.clock.now()
    before = (await fleet.credits(account)).available(now)
    await retention(fleet, generation=30).run()
    assert await deleted(fleet, *done.asset_ids, upload) == [True, False]
    assert (await fleet.platform.journal.stream(done.asset_ids[0]))[-1].fact.cause == "result_retention"
    assert (await fleet.credits(account)).available(now) == before
    assert (await fleet.generation(done.id)).status == "succeeded"


async def test_everything_beside_a_deleted_asset_is_swept_with_it(fleet: Fleet):
    account = await fleet.account()
    sweeper = Sweeper(fleet.platform)
    await sweeper.sweep_deleted()
    gone, kept = [await stored(fleet, account, objects=("original.png", "renditions/w10.webp")) for _ in range(2)]
    await fleet.execute(DeleteAsset(asset_id=gone, account_id=account))
    await sweeper.sweep_deleted()
    assert [found.key async for found in fleet.platform.objects.list("assets/")] == [
        f"assets/{kept}/original.png",
        f"assets/{kept}/renditions/w10.webp",
    ]
    assert asset_of(f"assets/{kept}/renditions/w10.webp") == kept
