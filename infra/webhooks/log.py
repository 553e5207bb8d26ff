"""The port `DeliveryLog`: what the owner of an endpoint sees of its deliveries."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from domain.ports import Connections
from domain.webhooks.ports import Delivery
from projections.kernel.pages import both_ways, page

_SELECT = """
    SELECT d.id, d.number, d.account_id, d.endpoint_id, d.event_id, d.type, d.position, d.generation_id, d.state, d.out_of_order,
        CASE WHEN d.state = 'pending' THEN d.due_at END AS next_at, d.created_at, d.finished_at, d.error,
        coalesce((SELECT json_agg(json_build_object('number', a.number, 'at', a.at, 'status', a.status, 'error', a.error, 'ms', a.ms)
                                  ORDER BY a.number)
                  FROM webhooks.attempts a WHERE a.delivery_id = d.id), '[]') AS attempts
    FROM webhooks.deliveries d
"""
ONE = _SELECT + "WHERE d.endpoint_id = %(endpoint_id)s AND d.id = %(id)s"
_PAGE = (
    _SELECT
    + """
    WHERE d.endpoint_id = %(endpoint_id)s AND d.number {beyond} %(after_position)s
      AND (%(states)s::text[] IS NULL OR d.state = ANY(%(states)s))
      AND (%(created_from)s::timestamptz IS NULL OR d.created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR d.created_at < %(created_to)s)
    ORDER BY d.number {direction} LIMIT %(limit)s
"""
)
_EVERYBODYS = (
    _SELECT
    + """
    WHERE d.number {beyond} %(after_position)s AND (%(account_id)s::uuid IS NULL OR d.account_id = %(account_id)s)
      AND (%(states)s::text[] IS NULL OR d.state = ANY(%(states)s))
      AND (%(created_from)s::timestamptz IS NULL OR d.created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR d.created_at < %(created_to)s)
    ORDER BY d.number {direction} LIMIT %(limit)s
"""
)
EVERYBODYS = both_ways(_EVERYBODYS)
PAGES = {"asc": _PAGE.format(beyond=">", direction="ASC"), "desc": _PAGE.format(beyond="<", direction="DESC")}


class PostgresDeliveryLog:
    """Implements `domain.webhooks.ports.DeliveryLog`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def page(self, endpoint_id: UUID, *, states: Sequence[str] = (), paging: Mapping[str, Any]) -> list[Delivery]:
        names = ("created_from", "created_to")
        filters = {"endpoint_id": endpoint_id, "states": states, **{name: paging[name] for name in names}}
        order, limit, after = paging["order"], paging["limit"], paging["after_position"]
        async with self._connections.connection() as connection:
            return await page(connection, PAGES, filters, Delivery, order=order, limit=limit, after_position=after)

    async def everybodys(self, *, account_id: UUID | None, states: Sequence[str] = (), paging: Mapping[str, Any]) -> list[Delivery]:
        filters = {"account_id": account_id, "states": states, **{name: paging[name] for name in ("created_from", "created_to")}}
        order, limit, after = paging["order"], paging["limit"], paging["after_position"]
        async with self._connections.connection() as connection:
            return await page(connection, EVERYBODYS, filters, Delivery, order=order, limit=limit, after_position=after)

    async def one(self, endpoint_id: UUID, delivery_id: UUID) -> Delivery | None:
        async with self._connections.connection() as connection:
            return await _one(connection, endpoint_id, delivery_id)


async def _one(connection: AsyncConnection[Any], endpoint_id: UUID, delivery_id: UUID) -> Delivery | None:
    cursor = connection.cursor(row_factory=class_row(Delivery))
    await cursor.execute(ONE, {"endpoint_id": endpoint_id, "id": delivery_id})
    return await cursor.fetchone()
