"""The dependencies that `/health/ready` asks."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import redis.asyncio

from domain.ports import Connections, ObjectStore
from infra.postgres.migrate import APPLIED, MIGRATIONS, read_folder

ASK = "SELECT 1"


def health_checks(reads: Connections, client: redis.asyncio.Redis, objects: ObjectStore) -> Mapping[str, Callable[[], Awaitable[Any]]]:
    """Name -> a check that raises when the dependency cannot be used."""

    async def postgresql() -> None:
        async with reads.connection(timeout=1.0) as connection:
            await connection.execute(ASK)

    async def migrations() -> None:
        async with reads.connection(timeout=1.0) as connection:
            rows = await (await connection.execute(APPLIED)).fetchall()
        missing = _wanted() - {str(row[0]) for row in rows}
        if missing:
            raise NotMigrated(f"not applied: {', '.join(sorted(missing))}; run daybook migrate")

    async def redis_server() -> None:
        await client.ping()

    return {"migrations": migrations, "objects": objects.check, "postgresql": postgresql, "redis": redis_server}


class NotMigrated(Exception):
    """The database is older than this release."""


@cache
def _wanted() -> frozenset[str]:
    """The folder does not change while a process runs."""
    return frozenset(migration.name for migration in read_folder(MIGRATIONS))
