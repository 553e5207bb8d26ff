"""Which credits go first: grants in burn order, and parts cut out of them. Pure functions on the plain values of an account."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain.credits.events import Part
from domain.kernel.ids import text_of

FREE_TIER_SOURCE = "welcome"


# A grant is named by each of its holds, and parsing its id costs as much as all the rest of a hold.
@lru_cache(maxsize=16_384)
def id_of(key: str) -> UUID:
    return UUID(key)


def alive(grant: dict[str, Any], now: datetime) -> bool:
    return grant["expires_at"] is None or grant["expires_at"] > now


def spendable(grant: dict[str, Any], now: datetime, free_tier: bool) -> bool:
    return grant["free"] > 0 and alive(grant, now) and (free_tier or grant["source"] != FREE_TIER_SOURCE)


def burn_order(item: tuple[str, dict[str, Any]]) -> tuple[Any, ...]:
    key, grant = item
    expires_at = grant["expires_at"]
    return grant["priority"], expires_at is None, expires_at.timestamp() if expires_at else 0, grant["created"], key


def first(parts: list[Any], amount: int) -> list[Part]:
    """The first *amount* credits out of *parts*, in their order."""
    taken: list[Part] = []
    for key, size in parts:
        if amount == 0:
            break
        taken.append(Part(id_of(key), min(size, amount)))
        amount -= taken[-1].amount
    return taken


def without(parts: list[Any], spent: list[Part]) -> list[Part]:
    """What is left of a hold's *parts* when *spent* is taken out of them."""
    taken = {text_of(part.grant_id): part.amount for part in spent}
    return [Part(id_of(key), amount - taken.get(key, 0)) for key, amount in parts if amount > taken.get(key, 0)]
