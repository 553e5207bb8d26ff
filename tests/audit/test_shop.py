"""Orders and subscriptions are recomputed from the log: all columns, whatever was heard in whatever order."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta

import pytest

from domain.kernel.refusals import Refusal
from projections.audit.source import Source, opened
from projections.audit.stream_pass import StreamPass
from tests.support.projecting import Library
from tests.support.shop_history import ShopHistory


def compared(url: str) -> dict[str, int]:
    """Model -> the position at which it was compared.   Raises Differs."""
    with opened(url) as conn:
        return StreamPass(Source(conn), lambda _: None).run()


async def sold(library: Library, seed: int) -> None:
    chance = random.Random(seed)
    shop = ShopHistory(library.book, chance, [library.book.account(credits=0) for _ in range(2)])
    for _ in range(500):
        with suppress(Refusal):
            shop.step()
        library.book.now += timedelta(minutes=chance.randrange(600))
    await library.project()


@pytest.mark.parametrize("seed", range(2))
async def test_both_tables_are_what_the_streams_say(library: Library, seed: int):
    await sold(library, seed)
    models = await asyncio.to_thread(compared, library.url)
    assert models["orders"] == models["subscriptions"] == len(library.book.rows)
