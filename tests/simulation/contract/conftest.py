"""Both sides of the contract, one after the other."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.postgres.prepared import Statement
from tests.simulation.contract.sides import Adapters, TwinSide, sql_side
from tests.simulation.twin import connection


@pytest.fixture(autouse=True)
def prepared_statements_reach_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Statement, "rows", connection.rows)


@pytest.fixture(params=["sql", "twin"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    """The database's; None for the twin, which needs none."""
    found: str | None = request.getfixturevalue("database_url") if request.param == "sql" else None
    return found


@pytest_asyncio.fixture
async def side(dsn: str | None) -> AsyncIterator[Adapters]:
    """The adapters on an empty database."""
    if dsn is None:
        yield Adapters(TwinSide())
        return
    async with sql_side(dsn) as real:
        yield Adapters(real)
