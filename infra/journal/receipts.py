"""What earlier commands did, read from the first event of each."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.kernel.commands import Context, Receipt
from domain.kernel.journal_refusals import IdempotencyKeyReused

# A command's events follow each other, so it ends before the next event that is a first one.
KNOWN = """
    SELECT e.command_id, e.fingerprint, e.status, e.result, coalesce(
        (SELECT n.position FROM journal.events n WHERE n.position > e.position AND n.first ORDER BY n.position LIMIT 1) - 1,
        (SELECT l.position FROM journal.events l ORDER BY l.position DESC LIMIT 1))
    FROM unnest(%(ids)s::uuid[]) AS c (id), LATERAL (SELECT * FROM journal.events e WHERE e.command_id = c.id AND e.first LIMIT 1) e
"""


class Known(NamedTuple):
    """An earlier command: its fingerprint, and the receipt a repeat gets."""

    fingerprint: bytes | None
    receipt: Receipt

    def answer(self, context: Context) -> Receipt:
        """The receipt for a repeat under *context*.   Raises IdempotencyKeyReused for another request."""
        if self.fingerprint != context.fingerprint:
            raise IdempotencyKeyReused(errors=[("/Idempotency-Key", "was used before with a different request")])
        return self.receipt


async def known(connection: Any, ids: Sequence[UUID]) -> dict[UUID, Known]:
    """Which of *ids* were used, and what they did."""
    cursor = await connection.execute(KNOWN, {"ids": list(ids)})
    return {
        command_id: Known(
            fingerprint,
            Receipt(
                position=last,
                result=msgspec.json.decode(result) if result else {},
                status=status,
                repeated=True,
                fingerprint=fingerprint,
            ),
        )
        for command_id, fingerprint, status, result, last in await cursor.fetchall()
    }
