"""Lists: each row once, in order, whatever happens between two pages; filters mean what they say."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.generations.generation import Generation
from projections.accounts.accounts import page_of_accounts
from projections.accounts.api_tokens import page_of_api_tokens
from projections.assets.assets import asset_of, assets_of, deleted_assets, known_keys, page_of_assets
from projections.credits.balances import accounts_with_due_grants
from projections.credits.ledger_entries import page_of_ledger_entries
from projections.generations.generations import generation_of, page_of_generations
from tests.support.projecting import Library

Page = Callable[..., Awaitable[list[Any]]]


async def all_pages(page: Page, *, order: str = "desc", between: Callable[[], Awaitable[None]] | None = None, **filters: Any) -> list[Any]:
    """Every row, three at a time."""
    rows: list[Any] = []
    while True:
        last = (rows[-1].created_position if hasattr(rows[-1], "created_position") else rows[-1].position) if rows else None
        found = await page(order=order, limit=3, after_position=last, **filters)
        assert len(found) <= 3
        rows += found
        if len(found) < 3:
            return rows
        if between:
            await between()


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_neither_repeat_nor_skip_while_states_move(library: Library, order: str):
    history = library.history(1, 250, accounts=1)
    await library.project()
    account_id = history.accounts[0]
    at_first = [row.id for row in await page_of_generations(library.conn, account_id=account_id, limit=100, order=order)]

    async def something_happens() -> None:
        history.run(8)
        await library.project()

    def page(**options: Any) -> Awaitable[list[Any]]:
        return page_of_generations(library.conn, account_id=account_id, **options)

    rows = await all_pages(page, order=order, between=something_happens)
    ids = [row.id for row in rows]
    assert len(ids) == len(set(ids)) and len(ids) > 3
    gone = {id for id in at_first if await generation_of(library.conn, account_id, id) is None}
    assert [id for id in ids if id in at_first and id not in gone] == [id for id in at_first if id not in gone]
    positions = [row.created_position for row in rows]
    assert positions == sorted(positions, reverse=order == "desc")


async def test_filters_of_generations_match_any_of_their_values_and_all_filters_at_once(library: Library):
    history = library.history(2, 600)
    await library.project()
    account_id = history.accounts[0]
    own = [s for s in library.book.streams.values() if isinstance(s, Generation) and not s.deleted]

    async def ids(**filters: Any) -> set[UUID]:
        return {row.id for row in await page_of_generations(library.conn, **{"account_id": account_id, "limit": 100, **filters})}

    mine = [s for s in own if s.account_id == account_id]
    assert await ids() == {s.id for s in mine}
    assert await ids(statuses=["failed", "canceled"]) == {s.id for s in mine if s.status in ("failed", "canceled")}
    assert await ids(kinds=["image_edit"]) == {s.id for s in mine if s.kind == "image_edit"}
    assert await ids(models=["builtin/sketch-2"], kinds=["image"]) == {
        s.id for s in mine if s.model == "builtin/sketch-2" and s.kind == "image"
    }
    assert await ids(tags=["bb22"]) == {s.id for s in mine if "bb22" in s.tag_index}
    assert await ids(tags=["zz"]) == set()
    assert await ids(error_codes=["provider_error"]) == {s.id for s in mine if s.error and s.error["code"] == "provider_error"}
    middle = sorted(s.created_on for s in mine)[len(mine) // 2]
    assert await ids(created_from=middle) == {s.id for s in mine if s.created_on >= middle}
    assert await ids(created_to=middle) == {s.id for s in mine if s.created_on < middle}
    everybody = await all_pages(lambda **options: page_of_generations(library.conn, account_id=None, **options))
    assert {row.id for row in everybody} == {s.id for s in own}


async def test_somebody_elses_and_deleted_things_are_absent(library: Library):
    history = library.history(3, 400)
    await library.project()
    rows = await all_pages(lambda **options: page_of_generations(library.conn, account_id=None, **options))
    other = next(row for row in rows if row.account_id != history.accounts[0])
    assert await generation_of(library.conn, history.accounts[0], other.id) is None
    assert await generation_of(library.conn, None, other.id) == await generation_of(library.conn, other.account_id, other.id) == other
    deleted = next(s for s in library.book.streams.values() if isinstance(s, Generation) and s.deleted)
    assert await generation_of(library.conn, None, deleted.id) is None
    asset = (await page_of_assets(library.conn, account_id=None))[0]
    stranger = next(account_id for account_id in history.accounts if account_id != asset.account_id)
    assert await asset_of(library.conn, stranger, asset.id) is None
    assert await asset_of(library.conn, asset.account_id, asset.id) == asset


async def test_assets_are_listed_and_found_by_id_and_by_object(library: Library):
    history = library.history(4, 600, accounts=2)
    await library.project()
    account_id = history.accounts[0]
    rows = await all_pages(lambda **options: page_of_assets(library.conn, account_id=account_id, **options))
    assert len(rows) > 3 and {row.account_id for row in rows} == {account_id} and not any(row.deleted for row in rows)
    assert await page_of_assets(library.conn, account_id=account_id, kinds=["video"]) == []
    assert await page_of_assets(library.conn, account_id=account_id, sources=["upload"]) == []
    assert await page_of_assets(library.conn, account_id=account_id, kinds=["image"], sources=["generation"], limit=100) == rows
    gone = await deleted_assets(library.conn, after_position=0, limit=1000)
    assert gone and [row.position for row in gone] == sorted(row.position for row in gone)
    assert await assets_of(library.conn, [rows[0].id, gone[0].id]) == {rows[0].id: rows[0]}
    assert await assets_of(library.conn, []) == {}
    assert await known_keys(library.conn, [rows[0].object_key, gone[0].object_key, "else/where"]) == {rows[0].object_key}


async def test_the_history_of_an_account_in_pages(library: Library):
    history = library.history(5, 400)
    await library.project()
    account_id = history.accounts[0]
    rows = await all_pages(lambda **options: page_of_ledger_entries(library.conn, account_id=account_id, **options), order="asc")
    available = held = 0
    for row in rows:
        available += {"grant": row.amount, "refund": row.amount, "hold": -row.amount, "release": row.amount, "expiry": -row.amount}.get(
            row.type, row.available_after - available
        )
        held += {"hold": row.amount, "release": -row.amount}.get(row.type, row.held_after - held)
        assert (row.available_after, row.held_after) == (available, held)
        assert sum(part.amount for part in row.grants) == row.amount
    holds = await page_of_ledger_entries(library.conn, account_id=account_id, types=["hold"], limit=100)
    assert [row.position for row in holds] == [row.position for row in reversed(rows) if row.type == "hold"][:100]
    one = holds[0]
    story = await page_of_ledger_entries(library.conn, account_id=account_id, generation_id=one.generation_id)
    assert one in story and {row.generation_id for row in story} == {one.generation_id}
    later = await page_of_ledger_entries(library.conn, account_id=account_id, created_from=one.recorded_at, limit=100)
    assert one in later and all(row.recorded_at >= one.recorded_at for row in later)


async def test_operators_list_accounts_by_role_status_and_e_mail(library: Library):
    history = library.history(6, 300, accounts=7)
    await library.project()
    rows = await all_pages(lambda **options: page_of_accounts(library.conn, **options), order="asc")
    assert [row.id for row in rows] == history.accounts
    operators = await page_of_accounts(library.conn, roles=["operator"], limit=100)
    assert {row.id for row in operators} == {row.id for row in rows if "operator" in row.roles}
    suspended = await page_of_accounts(library.conn, statuses=["suspended"], limit=100)
    assert {row.id for row in suspended} == {row.id for row in rows if row.status == "suspended"}
    assert await page_of_accounts(library.conn, email_index=rows[2].email_index) == [rows[2]]
    assert [row.id for row in await page_of_accounts(library.conn, created_to=rows[2].created_at, order="asc")] == history.accounts[:2]


async def test_api_tokens_are_listed_for_their_owner(library: Library):
    history = library.history(7, 500, accounts=2)
    await library.project()
    for account_id in history.accounts:
        rows = await all_pages(lambda account_id=account_id, **options: page_of_api_tokens(library.conn, account_id, **options))
        assert {row.account_id for row in rows} <= {account_id}
    assert await page_of_api_tokens(library.conn, UUID(int=1)) == []


async def test_accounts_whose_credits_have_lapsed_are_found_until_the_expiry_is_recorded(library: Library):
    account_id = library.book.account(credits=0)
    library.book.grant(account_id, 10, expires_at=library.book.now + timedelta(days=1))
    await library.project()
    assert await accounts_with_due_grants(library.conn, now=library.book.now) == []
    library.book.now += timedelta(days=2)
    assert await accounts_with_due_grants(library.conn, now=library.book.now) == [account_id]
    library.book.grant(account_id, 1)
    await library.project()
    assert await accounts_with_due_grants(library.conn, now=library.book.now) == []
