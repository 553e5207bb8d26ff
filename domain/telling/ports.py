"""What tells account owners of the log, as the edges see it."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from domain.ports import Recorded


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """One event as its account is told: `body` is JSON {type, timestamp, position, data}, the same bytes whoever makes it.

    `data` in it is the object as GET gave it at that position.
    """

    type: str
    position: int
    account_id: UUID
    #: Set for `generation.*`.
    generation_id: UUID | None
    body: bytes


class Rendering(Protocol):
    """From the facts of the log to what is told of them. Every process that tells says the same of the same position."""

    async def payloads(self, event: Recorded, *, output_bytes_max: int | None = None) -> Sequence[Payload]:
        """What *event* is told as: nothing, one payload, or several of one position (`credits.low` before `credits.changed`).

        Which names are possible is in `names.PUBLIC`, so that who is told nothing costs nothing. A generation's `output` that is
        longer than *output_bytes_max* as JSON is null in `data`.   Raises Erased.
        """
