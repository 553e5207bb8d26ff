"""A log with signed checkpoints between its events, and another, empty database to take it into."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.engines import database
from tests.support.shelf import Shelf, shelf_at


@pytest.fixture
async def shelf(fresh_database_url: str) -> AsyncIterator[Shelf]:
    async with shelf_at(fresh_database_url) as made:
        yield made


@pytest.fixture
async def other(engines: Any, migrated_template: str) -> AsyncIterator[Shelf]:
    """Another installation: empty, migrated."""
    with database(engines, template=migrated_template) as url:
        async with shelf_at(url) as made:
            yield made
