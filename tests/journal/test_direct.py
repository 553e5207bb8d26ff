"""The address for LISTEN and locks must lead to the server itself."""

from pathlib import Path

import pytest

from infra.postgres.direct import DirectUrlPooled, check_direct
from tests.journal.pooler import pooled
from tests.support.journal import execute_sql


async def test_the_server_itself_is_accepted(database_url: str) -> None:
    await check_direct(database_url)
    assert execute_sql(database_url, "SELECT 1") == [(1,)]


async def test_a_transaction_pooler_is_refused_with_a_sentence(database_url: str, folder: Path) -> None:
    async with pooled(database_url, folder) as dsn:
        with pytest.raises(DirectUrlPooled, match="DATABASE_DIRECT_URL leads to a transaction pooler"):
            await check_direct(dsn)
