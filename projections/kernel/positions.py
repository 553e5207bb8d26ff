"""How far each read model has seen."""

from typing import Any

from psycopg import AsyncConnection


async def positions_of(conn: AsyncConnection[Any]) -> dict[str, int]:
    """Read model -> the log position it has folded up to, for the versions of this build (0: nothing yet)."""
    raise NotImplementedError


async def position_of(conn: AsyncConnection[Any], name: str) -> int:
    """The same for one read model."""
    raise NotImplementedError
