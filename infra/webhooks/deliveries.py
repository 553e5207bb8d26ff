"""The port `Deliveries`: short transactions, on the database's clock."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from domain.kernel.limits import WEBHOOK_SECONDS, WEBHOOKS_AT_ONCE_MAX
from domain.ports import Connections
from domain.webhooks.ports import Attempt, Claimed

#: A try ends within its seconds; the rest is for making the message and for writing down what became of it.
LEASE = timedelta(seconds=3 * WEBHOOK_SECONDS)

# Asked twice a second, when mostly nothing is: cheaper than looking at each target.
DUE = """
    SELECT EXISTS (SELECT FROM webhooks.deliveries
                   WHERE state = 'pending' AND due_at <= now() AND (lease_until IS NULL OR lease_until <= now()))
"""
# Two that claim at once would each think the other's slots free.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('daybook:webhooks:claim', 0))"
# Target by target by way of the index, whatever lies there: the first of each target before the second of any.
CLAIM = """
    WITH RECURSIVE targets (target_id) AS (
        (SELECT target_id FROM webhooks.deliveries WHERE state = 'pending' ORDER BY target_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.target_id FROM webhooks.deliveries d WHERE d.state = 'pending' AND d.target_id > t.target_id
                ORDER BY d.target_id LIMIT 1)
        FROM targets t WHERE t.target_id IS NOT NULL
    ),
    due AS (
        SELECT one.id, one.nth, f.since
        FROM targets t LEFT JOIN webhooks.failing f USING (target_id)
        CROSS JOIN LATERAL (
            SELECT d.id, row_number() OVER (ORDER BY d.due_at, d.number) AS nth
            FROM webhooks.deliveries d
            WHERE d.state = 'pending' AND d.target_id = t.target_id AND d.due_at <= now()
              AND (d.lease_until IS NULL OR d.lease_until <= now())
            ORDER BY d.due_at, d.number
            LIMIT greatest(0, CASE WHEN f.since IS NULL THEN %(at_once)s ELSE 1 END - (
                SELECT count(*) FROM webhooks.deliveries l WHERE l.target_id = t.target_id AND l.lease_until > now()))
        ) one
        ORDER BY one.nth, random() LIMIT %(limit)s
    )
    UPDATE webhooks.deliveries d SET
        lease_owner = %(owner)s, lease_until = now() + %(lease)s, first_tried_at = coalesce(d.first_tried_at, now()),
        waiting = false, out_of_order = d.waiting OR d.out_of_order
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.account_id, d.endpoint_id, d.target_id, d.event_id, d.type, d.position, d.generation_id, d.attempts, d.tries,
        d.out_of_order, now() AS claimed_at, d.first_tried_at, due.since AS failing_since
"""
# What a claim's owner writes down; nothing when the lease was lost and somebody else tries it by now.
RECORD = """
    WITH tried AS (
        UPDATE webhooks.deliveries SET
            state = %(state)s, attempts = attempts + 1, tries = tries + 1, error = %(error)s, lease_owner = NULL, lease_until = NULL,
            due_at = now() + coalesce(%(again)s, interval '0'),
            finished_at = CASE WHEN %(state)s = 'pending' THEN NULL ELSE now() END
        WHERE id = %(id)s AND lease_owner = %(owner)s
        RETURNING id, attempts
    )
    INSERT INTO webhooks.attempts (delivery_id, number, status, error, ms)
    SELECT id, attempts, %(status)s, %(error)s, %(ms)s FROM tried
"""
WORKS = "DELETE FROM webhooks.failing WHERE target_id = %(target_id)s"
FAILS = "INSERT INTO webhooks.failing (target_id, since) VALUES (%(target_id)s, %(claimed_at)s) ON CONFLICT DO NOTHING"
# A statement of its own, after the one before it has ended: it must see what was inserted meanwhile. See the outbox.
NEXT = """
    UPDATE webhooks.deliveries SET waiting = false, due_at = now()
    WHERE waiting AND id = (
        SELECT id FROM webhooks.deliveries
        WHERE state = 'pending' AND target_id = %(target_id)s AND generation_id = %(generation_id)s AND position > %(position)s
        ORDER BY position, number LIMIT 1)
"""
GIVE_UP = """
    UPDATE webhooks.deliveries SET state = 'failed', error = %(why)s, finished_at = now(), lease_owner = NULL, lease_until = NULL
    WHERE id = %(id)s AND lease_owner = %(owner)s
"""
DROP = "DELETE FROM webhooks.deliveries WHERE id = %(id)s AND lease_owner = %(owner)s"
PUT_OFF = """
    UPDATE webhooks.deliveries SET due_at = now() + %(pause)s, lease_owner = NULL, lease_until = NULL
    WHERE id = %(id)s AND lease_owner = %(owner)s
"""
FORGET = """
    DELETE FROM webhooks.deliveries WHERE id = ANY (ARRAY(
        SELECT id FROM webhooks.deliveries WHERE created_at < now() - %(age)s ORDER BY created_at LIMIT %(limit)s))
"""
# Nobody was told there for as long as deliveries are kept.
FORGET_FAILING = "DELETE FROM webhooks.failing WHERE since < now() - %(age)s"


class PostgresDeliveries:
    """Implements `domain.webhooks.ports.Deliveries`."""

    def __init__(self, connections: Connections, *, at_once: int = WEBHOOKS_AT_ONCE_MAX) -> None:
        self._connections = connections
        self._at_once = at_once

    async def claim(self, owner: UUID, limit: int) -> list[Claimed]:
        values = {"owner": owner, "limit": limit, "lease": LEASE, "at_once": self._at_once}
        async with self._connections.connection() as connection:
            if (await (await connection.execute(DUE)).fetchone()) != (True,):
                return []
            async with connection.transaction():
                await connection.execute(LOCK)
                cursor = connection.cursor(row_factory=class_row(Claimed))
                await cursor.execute(CLAIM, values)
                return list(await cursor.fetchall())

    async def succeeded(self, owner: UUID, claimed: Claimed, attempt: Attempt) -> None:
        await self._record(owner, claimed, attempt, state="delivered", then=WORKS)

    async def failed(self, owner: UUID, claimed: Claimed, attempt: Attempt, *, again_in_seconds: float | None) -> None:
        again = None if again_in_seconds is None else timedelta(seconds=again_in_seconds)
        await self._record(owner, claimed, attempt, state="failed" if again is None else "pending", then=FAILS, again=again)

    async def give_up(self, owner: UUID, claimed: Claimed, why: str) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(GIVE_UP, {"id": claimed.id, "owner": owner, "why": why})
            await connection.execute(NEXT, _values(claimed))

    async def drop(self, owner: UUID, claimed: Claimed) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(DROP, {"id": claimed.id, "owner": owner})
            await connection.execute(NEXT, _values(claimed))

    async def put_off(self, owner: UUID, claimed: Claimed, seconds: float) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(PUT_OFF, {"id": claimed.id, "owner": owner, "pause": timedelta(seconds=seconds)})

    async def forget(self, *, days: int, limit: int) -> int:
        async with self._connections.connection() as connection:
            await connection.execute(FORGET_FAILING, {"age": timedelta(days=days)})
            cursor = await connection.execute(FORGET, {"age": timedelta(days=days), "limit": limit})
            return int(cursor.rowcount)

    async def _record(
        self, owner: UUID, claimed: Claimed, attempt: Attempt, *, state: str, then: str, again: timedelta | None = None
    ) -> None:
        values = {**_values(claimed), **msgspec.structs.asdict(attempt), "owner": owner, "state": state, "again": again}
        async with self._connections.connection() as connection:
            await connection.execute(RECORD, values)
            await connection.execute(then, values)
            if state != "pending":
                await connection.execute(NEXT, values)


def _values(claimed: Claimed) -> dict[str, Any]:
    return {
        "id": claimed.id,
        "target_id": claimed.target_id,
        "generation_id": claimed.generation_id,
        "position": claimed.position,
        "claimed_at": claimed.claimed_at,
    }
