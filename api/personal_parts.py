"""The parts of a personal export, each a stream of items. Whatever is kept of people in future gets a line in `SECTIONS`."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from api.kit.call import Call
from api.kit.shapes import moment
from api.reading import shown
from api.shapes.api_tokens import shown_api_token
from api.shapes.assets import shown_asset
from api.shapes.credits import shown_entry
from api.shapes.personal_export import ExportedAsset, ExportedFact, ExportedSession
from api.shapes.purchases import shown_purchase
from api.shapes.subscriptions import shown_subscription
from api.shapes.webhooks import shown_endpoint
from domain.kernel.sealed_text import PREFIX
from domain.ports import SubjectKey
from projections.accounts.api_tokens import page_of_api_tokens
from projections.accounts.log_of import page_of_log
from projections.assets.assets import assets_of, page_of_assets
from projections.credits.ledger_entries import page_of_ledger_entries
from projections.generations.generations import page_of_generations
from projections.orders.orders import page_of_orders
from projections.subscriptions.subscriptions import page_of_subscriptions
from projections.webhooks.webhook_endpoints import page_of_webhook_endpoints

PAGE = 100
DOWNLOAD_LIFE = timedelta(days=1)
#: Fields that prove who somebody is. They are of no use to their owner and of much to a thief.
SECRETS = re.compile(r"(password_hash|token_hash|secret)$")
Section = Callable[[Call], AsyncIterator[Any]]


async def api_tokens(call: Call) -> AsyncIterator[Any]:
    key = await call.platform.vault.key(call.account_id)
    async for row in _rows(call, lambda conn, **paging: page_of_api_tokens(conn, call.account_id, **paging)):
        yield shown_api_token(key, row)


async def assets(call: Call) -> AsyncIterator[Any]:
    key, objects = await call.platform.vault.key(call.account_id), call.platform.objects
    async for row in _rows(call, page_of_assets, account_id=call.account_id):
        asset = shown_asset(call, key, row)
        life = int(DOWNLOAD_LIFE.total_seconds())
        url = objects.url(row.object_key, now=call.now, expires_seconds=life, content_type=asset.content_type, filename=asset.filename)
        yield ExportedAsset(asset=asset, download=url)


async def generations(call: Call) -> AsyncIterator[Any]:
    async for row in _rows(call, page_of_generations, account_id=call.account_id):
        async with call.platform.reads.connection() as connection:
            found = await assets_of(connection, row.asset_ids)
        yield await shown(call, row, found)


async def ledger(call: Call) -> AsyncIterator[Any]:
    key = await call.platform.vault.key(call.account_id)
    async for row in _rows(call, page_of_ledger_entries, by="position", account_id=call.account_id):
        yield shown_entry(key, row)


async def log(call: Call) -> AsyncIterator[Any]:
    """Every fact with this account as its subject, whatever its topic: what is new in a release is in here without being told."""
    key, after = await call.platform.vault.key(call.account_id), 0
    while True:
        async with call.platform.reads.connection() as connection:
            page = await page_of_log(connection, call.account_id, after=after, limit=PAGE)
        for row in page:
            fact = opened(key, msgspec.json.decode(row.state))
            yield ExportedFact(position=row.position, topic=row.topic, recorded_at=moment(row.recorded_at), fact=fact)
        if len(page) < PAGE:
            return
        after = page[-1].position


async def purchases(call: Call) -> AsyncIterator[Any]:
    key = await call.platform.vault.key(call.account_id)
    async for row in _rows(call, page_of_orders, account_id=call.account_id):
        yield shown_purchase(key, row, call.now)


async def sessions(call: Call) -> AsyncIterator[Any]:
    for each in await call.platform.sessions.of(call.account_id):
        yield ExportedSession(
            created_at=moment(each.created_at),
            expires_at=moment(each.expires_at),
            ended_at=moment(each.ended_at),
            ended_by=each.ended_by,
        )


async def subscriptions(call: Call) -> AsyncIterator[Any]:
    key = await call.platform.vault.key(call.account_id)
    async for row in _rows(call, page_of_subscriptions, account_id=call.account_id):
        yield shown_subscription(key, row, call.now)


async def webhook_endpoints(call: Call) -> AsyncIterator[Any]:
    key = await call.platform.vault.key(call.account_id)
    async for row in _rows(call, page_of_webhook_endpoints, account_id=call.account_id):
        yield shown_endpoint(key, row, call.now)


#: In the order of the document.
SECTIONS: dict[str, Section] = {
    "api_tokens": api_tokens,
    "assets": assets,
    "generations": generations,
    "ledger": ledger,
    "purchases": purchases,
    "subscriptions": subscriptions,
    "webhook_endpoints": webhook_endpoints,
    "sessions": sessions,
    "log": log,
}


def opened(key: SubjectKey, value: Any) -> Any:
    """*value* with every sealed text in it opened, and without secrets. What was sealed as JSON is JSON again."""
    if isinstance(value, dict):
        return {name: opened(key, part) for name, part in value.items() if not SECRETS.search(name)}
    if isinstance(value, list):
        return [opened(key, part) for part in value]
    if isinstance(value, str) and value.startswith(PREFIX):
        return _document(key.open(value))
    return value


def _document(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        # Words that only look like a document.
        return text


async def _rows(
    call: Call, page_of: Callable[..., Awaitable[Sequence[Any]]], *, by: str = "created_position", **filters: Any
) -> AsyncIterator[Any]:
    """All rows of a list, oldest first, page by page; no connection is held while they are sent."""
    after = None
    while True:
        async with call.platform.reads.connection() as connection:
            page = await page_of(connection, **filters, order="asc", limit=PAGE, after_position=after)
        for row in page:
            yield row
        if len(page) < PAGE:
            return
        after = getattr(page[-1], by)
