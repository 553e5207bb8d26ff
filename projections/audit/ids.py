"""Ids as texts, in order: how pages of tables are cut."""

from uuid import UUID

LOWEST, HIGHEST = str(UUID(int=0)), str(UUID(int=2**128 - 1))


def following(id: str) -> str:
    """The next higher id."""
    return str(UUID(int=UUID(id).int + 1))
