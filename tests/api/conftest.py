"""One served API for each test module, without limits."""

import pytest_asyncio

from tests.support.api_house import House, open_house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_url: str, redis_url: str, database_folder):
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off") as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module")
async def alice(house: House):
    return await house.person(credits=100)


@pytest_asyncio.fixture(loop_scope="module")
async def bob(house: House):
    return await house.person(credits=100)


@pytest_asyncio.fixture(loop_scope="module")
async def operator(house: House):
    return await house.person("operator", "user")
