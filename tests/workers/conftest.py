"""A fleet of this test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.fleet import Fleet, open_fleet


@pytest.fixture
async def fleet(fresh_database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with open_fleet(fresh_database_url, redis_url, tmp_path / "objects") as opened:
        yield opened
