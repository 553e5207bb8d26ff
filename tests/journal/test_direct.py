"""The address for LISTEN and locks must lead to the server itself."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.postgres.direct import DirectUrlPooled, check_direct
from tests.journal.pooler import pooled
from tests.support.journal import execute_sql


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: a socket's name has room for about a hundred bytes."""
    path = Path(tempfile.mkdtemp(prefix="dbk"))
    yield path
    shutil.rmtree(path)


async def test_the_server_itself_is_accepted(database_url: str) -> None:
    await check_direct(database_url)
    assert execute_sql(database_url, "SELECT 1") == [(1,)]


async def test_a_transaction_pooler_is_refused_with_a_sentence(database_url: str, folder: Path) -> None:
    async with pooled(database_url, folder) as dsn:
        with pytest.raises(DirectUrlPooled, match="DATABASE_DIRECT_URL leads to a transaction pooler"):
            await check_direct(dsn)
