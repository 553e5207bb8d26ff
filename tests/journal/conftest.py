"""A journal of counters for each test, and a folder for sockets."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.journal.counters import COUNTERS
from tests.support.journal import JournalWorld, journal_world


@pytest_asyncio.fixture
async def counters(fresh_database_url: str) -> AsyncIterator[JournalWorld]:
    async with journal_world(fresh_database_url, COUNTERS) as world:
        yield world


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: a socket's name has room for about a hundred bytes."""
    path = Path(tempfile.mkdtemp(prefix="dbk"))
    yield path
    shutil.rmtree(path)
