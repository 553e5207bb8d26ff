"""What the specifications of the archive share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.attic import Attic, attic_at


@pytest.fixture
async def attic(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[Attic]:
    """With a busy history of some hundred events."""
    async with attic_at(fresh_database_url, tmp_path) as made:
        await made.write(7, 150)
        yield made
