"""Snapshots of the credit accounts in a segment, so that what is decided on an account never needs its archived events."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.credits.credit_account import CreditAccount
from infra.journal.mapper import CanonicalMapper
from infra.journal.reads import rows_until
from infra.journal.snapshots import freeze, shape_of
from infra.journal.snapshotter import INSERT
from infra.journal.tails import fold
from projections.log.lines import Event

LEDGER = "credits."
NOW = 2**62

# Those of the streams that have no snapshot as late as these versions. Of people who were erased none is kept.
LACKING = """
    SELECT w.stream FROM unnest(%(streams)s::uuid[], %(versions)s::integer[], %(accounts)s::uuid[]) AS w (stream, version, account)
    WHERE w.version > coalesce((SELECT max(s.version) FROM journal.snapshots s
                                WHERE s.stream = w.stream AND s.kind = %(kind)s AND s.shape = %(shape)s), 0)
      AND NOT EXISTS (SELECT FROM journal.events x WHERE x.topic = 'accounts.erased' AND x.stream = w.account)
"""


async def keep_standing(conn: AsyncConnection[Any], events: Sequence[Event]) -> int:
    """Snapshots, as of now, of the credit accounts in *events* that have none as late as that. How many were made."""
    last = {event.stream: event for event in events if event.topic.startswith(LEDGER)}
    kind = {"kind": CreditAccount.TOPIC, "shape": shape_of(CreditAccount)}
    wanted = {
        "streams": list(last),
        "versions": [event.version for event in last.values()],
        "accounts": [event.account_id for event in last.values()],
    }
    lacking = await (await conn.execute(LACKING, {**wanted, **kind})).fetchall()
    mapper = CanonicalMapper()
    for (stream,) in lacking:
        await _keep(conn, stream, kind, mapper)
    return len(lacking)


async def _keep(conn: AsyncConnection[Any], stream: UUID, kind: dict[str, Any], mapper: CanonicalMapper) -> None:
    account = fold(None, CreditAccount, await rows_until(conn, CreditAccount, stream, NOW), mapper)
    assert isinstance(account, CreditAccount), "its events are in the log"
    position = account.position
    await conn.execute(INSERT, {**kind, "stream": stream, "version": account.version, "position": position, "state": freeze(account)})
