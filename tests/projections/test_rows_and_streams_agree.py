"""A read model's row and the folded stream are the same object, whatever happened: so a reader may get either."""

import random
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain.accounts.account import Account
from domain.assets.asset import Asset
from domain.generations.generation import Generation
from domain.kernel.refusals import Refusal
from domain.orders.order import Order
from domain.subscriptions.subscription import Subscription
from domain.webhooks.webhooks import Webhooks
from projections.accounts.accounts import account_of
from projections.accounts.accounts import row_of as account_row_of
from projections.accounts.api_tokens import page_of_api_tokens, rows_of
from projections.assets.assets import AssetRow
from projections.assets.assets import row_of as asset_row_of
from projections.credits.balances import MODEL as BALANCES
from projections.credits.balances import balance_of, latest_balance_of
from projections.generations.generations import GenerationRow
from projections.kernel.model import Place
from projections.orders.orders import OrderRow
from projections.orders.orders import row_of as order_row_of
from projections.subscriptions.subscriptions import SubscriptionRow
from projections.subscriptions.subscriptions import row_of as subscription_row_of
from projections.webhooks.webhook_endpoints import WebhookEndpointRow
from projections.webhooks.webhook_endpoints import row_of as endpoint_row_of
from tests.support.generation_rows import row_of as generation_row_of
from tests.support.projecting import Library
from tests.support.shop_history import ShopHistory

SEEDS = range(4)


def plain(row: msgspec.Struct) -> dict[str, object]:
    """The row without what only the log knows."""
    values = msgspec.structs.asdict(row)
    assert values.pop("created_position") >= 0
    return values


@pytest.mark.parametrize("seed", SEEDS)
async def test_generations_assets_and_accounts_are_the_same_from_table_and_stream(library: Library, seed: int):
    history = library.history(seed, 700)
    await library.project()
    place = Place(library.conn)
    rows = {row.id: row for row in await place.fetch("SELECT * FROM read.generations_v1", {}, GenerationRow)}
    assets = {row.id: row for row in await place.fetch("SELECT * FROM read.assets_v2", {}, AssetRow)}
    streams = list(library.book.streams.values())

    generations = [stream for stream in streams if isinstance(stream, Generation)]
    assert {row.status for row in rows.values()} >= {"queued", "succeeded", "failed", "canceled"}
    assert rows.keys() == {generation.id for generation in generations}
    for generation in generations:
        assert plain(rows[generation.id]) == plain(generation_row_of(generation))
    stored = [stream for stream in streams if isinstance(stream, Asset)]
    assert len(assets) == len(stored) > 10
    for asset in stored:
        assert plain(assets[asset.id]) == plain(asset_row_of(asset))
    for account_id in history.accounts:
        account = library.book.get(Account, account_id)
        row = await account_of(library.conn, account_id)
        assert account and row
        assert plain(row) == plain(account_row_of(account))
        tokens = await page_of_api_tokens(library.conn, account_id, order="asc", limit=100)
        assert [plain(token) for token in tokens] == [plain(token) for token in rows_of(account)]


@pytest.mark.parametrize("seed", SEEDS[:2])
async def test_orders_and_subscriptions_are_the_same_from_table_and_stream(library: Library, seed: int):
    chance = random.Random(seed)
    shop = ShopHistory(library.book, chance, [library.book.account(credits=0) for _ in range(3)])
    for _ in range(600):
        with suppress(Refusal):
            shop.step()
        library.book.now += timedelta(minutes=chance.randrange(600))
    await library.project()
    place, streams = Place(library.conn), list(library.book.streams.values())
    orders = {row.id: row for row in await place.fetch("SELECT * FROM read.orders_v1", {}, OrderRow)}
    subscriptions = {row.id: row for row in await place.fetch("SELECT * FROM read.subscriptions_v1", {}, SubscriptionRow)}
    assert {row.status for row in orders.values()} == {"canceled", "paid", "pending", "refunded"}
    assert {row.status for row in subscriptions.values()} >= {"active", "canceled"}
    for order in [stream for stream in streams if isinstance(stream, Order)]:
        assert plain(orders.pop(order.id)) == plain(order_row_of(order))
    for subscription in [stream for stream in streams if isinstance(stream, Subscription)]:
        assert plain(subscriptions.pop(subscription.id)) == plain(subscription_row_of(subscription))
    assert (orders, subscriptions) == ({}, {})


async def test_webhook_endpoints_are_the_same_from_table_and_stream(library: Library):
    library.busy_history(1, 900)
    await library.project()
    rows = {row.id: row for row in await Place(library.conn).fetch("SELECT * FROM read.webhook_endpoints_v1", {}, WebhookEndpointRow)}
    assert len(rows) > 3 and {row.disabled for row in rows.values()} > {None}
    for webhooks in [stream for stream in library.book.streams.values() if isinstance(stream, Webhooks)]:
        for endpoint_id in webhooks.endpoints:
            row = plain(rows.pop(UUID(endpoint_id)))
            assert row.pop("position")
            assert row == {name: value for name, value in plain(endpoint_row_of(webhooks, UUID(endpoint_id))).items() if name != "position"}
    assert rows == {}


@pytest.mark.parametrize("seed", SEEDS)
async def test_balances_are_those_of_the_ledgers_aggregate(library: Library, seed: int):
    history = library.history(seed, 700)
    await library.project()
    for account_id in history.accounts:
        credits = library.book.credits(account_id)
        row = await balance_of(library.conn, account_id)
        assert row
        assert row.available == sum(grant["free"] for grant in credits.grants.values())
        assert row.held == sum(hold["amount"] for hold in credits.holds.values())
        assert row.available + row.held == row.granted + row.refunded - row.spent - row.expired
        facts = [entry for entry in library.book.rows if entry["stream"] == credits.id and entry["topic"] in BALANCES.topics]
        assert row.position == facts[-1]["position"]
        live = [(grant.id, grant.free, grant.held, grant.expires_at) for grant in row.grants]
        assert live == [(UUID(key), grant["free"], grant["held"], grant["expires_at"]) for key, grant in credits.grants.items()]


async def test_the_latest_balance_is_right_while_the_read_model_is_behind(library: Library):
    """Behind from nothing, from the middle, and not at all."""
    history = library.history(9, 300)
    await library.book.flush(library.conn)
    behind = {account_id: await latest_balance_of(library.conn, account_id) for account_id in history.accounts}
    await library.project()
    for account_id in history.accounts:
        assert behind[account_id] == await balance_of(library.conn, account_id) == await latest_balance_of(library.conn, account_id)
    history.run(200)
    await library.book.flush(library.conn)
    behind = {account_id: await latest_balance_of(library.conn, account_id) for account_id in history.accounts}
    assert behind != {account_id: await balance_of(library.conn, account_id) for account_id in history.accounts}
    await library.project()
    assert behind == {account_id: await balance_of(library.conn, account_id) for account_id in history.accounts}
