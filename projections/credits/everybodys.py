"""What several accounts have, for lists of operators."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

OF = b"SELECT account_id, available, held, owed FROM read.balances_v2 WHERE account_id = ANY(%(ids)s)"


async def credits_of(conn: AsyncConnection[Any], account_ids: Sequence[UUID]) -> dict[UUID, tuple[int, int, int]]:
    """Account -> available, held, owed, as far as the read model has seen."""
    rows = await (await conn.execute(OF, {"ids": list(account_ids)})).fetchall()
    return {account_id: (available, held, owed) for account_id, available, held, owed in rows}
