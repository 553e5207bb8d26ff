"""Orders and subscriptions are recomputed from the log: all columns, whatever was heard in whatever order."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from domain.kernel.refusals import Refusal
from projections.audit.report import Differs
from projections.audit.source import Source, opened
from projections.audit.stream_pass import StreamPass
from tests.audit.test_every_column import COLUMNS, changed
from tests.support.projecting import Library
from tests.support.shop_history import ShopHistory


def compared(url: str) -> dict[str, int]:
    """Raises Differs."""
    with opened(url) as conn:
        return StreamPass(Source(conn), lambda _: None).run()


async def sold(library: Library, seed: int) -> None:
    chance = random.Random(seed)
    shop = ShopHistory(library.book, chance, [library.book.account(credits=0) for _ in range(3)])
    for _ in range(500):
        with suppress(Refusal):
            shop.step()
        library.book.now += timedelta(minutes=chance.randrange(600))
    await library.project()


@pytest.mark.parametrize("seed", range(3))
async def test_both_tables_are_what_the_streams_say(library: Library, seed: int):
    await sold(library, seed)
    models = await asyncio.to_thread(compared, library.url)
    assert models["orders"] == models["subscriptions"] == len(library.book.rows)


@pytest.mark.parametrize("table", ["orders_v1", "subscriptions_v1"])
async def test_a_change_of_any_column_is_found_and_named(library: Library, table: str):
    await sold(library, 7)
    columns = await library.rows(COLUMNS.replace("%s", f"'{table}'"))
    assert len(columns) > 20
    for column, kind in columns:
        [(kept,)] = await library.rows(f"SELECT to_jsonb(t) FROM read.{table} t ORDER BY created_position LIMIT 1")
        await library.rows(f"UPDATE read.{table} SET {column} = {changed(column, kind)} WHERE id = '{kept['id']}' RETURNING 1")
        with pytest.raises(Differs) as found:
            await asyncio.to_thread(compared, library.url)
        assert found.value.difference.where == f"read.{table}"
        await library.conn.execute(f"DELETE FROM read.{table} WHERE position = {kept['position']} OR id = '{kept['id']}'")
        await library.conn.execute(f"INSERT INTO read.{table} SELECT * FROM jsonb_populate_record(NULL::read.{table}, %s)", [Jsonb(kept)])
    await asyncio.to_thread(compared, library.url)
