"""One shop for each test module."""

import pytest_asyncio

from tests.support.stripe_shop import open_shop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(database_url: str, redis_url: str, database_folder):
    async with open_shop(database_url, redis_url, database_folder) as opened:
        yield opened
