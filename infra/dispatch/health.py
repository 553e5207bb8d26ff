"""The port `ProviderHealth`: failures in a row, and the circuits that they open. See 0023_parked.sql."""

from datetime import timedelta

from psycopg.rows import class_row

from domain.dispatch.ports import ProviderState
from domain.kernel.limits import CIRCUIT_FAILURES, CIRCUIT_SECONDS, CIRCUIT_SECONDS_MAX
from domain.ports import Connections

FAILED = "SELECT dispatch.failed_v1(%(provider)s, %(code)s, %(most)s, %(first)s, %(longest)s)"
SUCCEEDED = """
    UPDATE dispatch.providers SET failures = 0, open_until = NULL, opened = 0, succeeded_at = clock_timestamp()
    WHERE provider = %(provider)s AND failures > 0
"""
FAILING = "SELECT provider FROM dispatch.providers WHERE failures > 0"
STATES = """
    SELECT provider, failures, code, failed_at, succeeded_at, open_until,
           CASE WHEN open_until IS NULL THEN 'closed' WHEN open_until > clock_timestamp() THEN 'open' ELSE 'half_open' END AS circuit
    FROM dispatch.providers ORDER BY provider
"""


class PostgresProviderHealth:
    """Implements `domain.dispatch.ports.ProviderHealth`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def failed(self, provider: str, code: str) -> bool:
        values = {
            "provider": provider,
            "code": code,
            "most": CIRCUIT_FAILURES,
            "first": timedelta(seconds=CIRCUIT_SECONDS),
            "longest": timedelta(seconds=CIRCUIT_SECONDS_MAX),
        }
        async with self._connections.connection() as connection:
            row = await (await connection.execute(FAILED, values)).fetchone()
        return bool(row[0])

    async def succeeded(self, provider: str) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(SUCCEEDED, {"provider": provider})

    async def failing(self) -> set[str]:
        async with self._connections.connection() as connection:
            return {row[0] for row in await (await connection.execute(FAILING)).fetchall()}

    async def states(self) -> list[ProviderState]:
        async with self._connections.connection() as connection, connection.cursor(row_factory=class_row(ProviderState)) as cursor:
            await cursor.execute(STATES)
            return list(await cursor.fetchall())
