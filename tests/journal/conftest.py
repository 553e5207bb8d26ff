"""A journal of counters for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.journal.counters import COUNTERS
from tests.support.journal import JournalWorld, journal_world


@pytest_asyncio.fixture
async def counters(fresh_database_url: str) -> AsyncIterator[JournalWorld]:
    async with journal_world(fresh_database_url, COUNTERS) as world:
        yield world
