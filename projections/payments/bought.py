"""What orders and subscriptions share as rows, and how they are found: by id, by account, or because nobody paid in time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from projections.kernel.facts import Event
from projections.kernel.model import Place
from projections.kernel.pages import both_ways, page

# One, by its key.
ONE = "SELECT * FROM read.{table} WHERE id = %(id)s AND account_id = %(account_id)s"
# Pending ones whose page has closed, or that never got one, in the order of the index.
OVERDUE = """
    SELECT * FROM read.{table}
    WHERE status = 'pending' AND coalesce(checkout_expires_at, created_at) <= %(before)s
    ORDER BY coalesce(checkout_expires_at, created_at) LIMIT %(limit)s
"""
# Newest first, by the position of the request.
PAGE = """
    SELECT * FROM read.{table}
    WHERE created_position {beyond} %(after_position)s
      AND account_id = %(account_id)s
      AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""


class BoughtRow(msgspec.Struct, kw_only=True):
    """Money is in minor units; `sealed_urls` and `sealed_url` are ciphertext. `created_position` is 0 when folded from a stream."""

    id: UUID
    account_id: UUID
    status: str
    credits: int
    amount: int
    currency: str
    price_version: int
    provider: str
    livemode: bool
    sealed_urls: str
    sealed_url: str | None = None
    checkout_expires_at: datetime | None = None
    reference: str | None = None
    created_at: datetime
    updated_at: datetime
    position: int
    created_position: int


Row = TypeVar("Row", bound=BoughtRow)
#: Fields that the first fact, the aggregate and the row call the same.
_ASKED = ("account_id", "credits", "amount", "currency", "price_version", "provider", "livemode", "sealed_urls")
#: Fields that the aggregate and the row call the same.
_FOLDED = (*_ASKED, "id", "status", "sealed_url", "checkout_expires_at", "reference", "position")


class BoughtTable(Generic[Row]):
    """The queries of one table. *what* is the column of the thing bought."""

    def __init__(self, table: str, kind: type[Row], *, what: str) -> None:
        self._kind = kind
        self._what = what
        self._one = ONE.format(table=table)
        self._overdue = OVERDUE.format(table=table)
        self._pages = both_ways(PAGE, table=table)

    async def one(self, conn: AsyncConnection[Any], account_id: UUID, id: UUID) -> Row | None:
        """The row, if it belongs to *account_id*."""
        found = await Place(conn).fetch(self._one, {"id": id, "account_id": account_id}, self._kind)
        return found[0] if found else None

    async def overdue(self, conn: AsyncConnection[Any], *, before: datetime, limit: int) -> list[Row]:
        """Pending ones whose page closed before *before*, or that were asked for before it and never got one."""
        return await Place(conn).fetch(self._overdue, {"before": before, "limit": limit}, self._kind)

    async def page(
        self,
        conn: AsyncConnection[Any],
        *,
        account_id: UUID,
        statuses: Sequence[str] = (),
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        order: str = "desc",
        limit: int = 20,
        after_position: int | None = None,
    ) -> list[Row]:
        """An account's own, by creation. `after_position` is the `created_position` of the last row seen."""
        filters = {"account_id": account_id, "statuses": statuses, "created_from": created_from, "created_to": created_to}
        return await page(conn, self._pages, filters, self._kind, order=order, limit=limit, after_position=after_position)

    def begun(self, present: dict[UUID, Row], event: Event) -> None:
        """The row that the first fact of a stream makes."""
        fact = event.fact
        present[event.stream] = self._kind(
            **{name: getattr(fact, name) for name in (*_ASKED, self._what)},
            id=event.stream,
            status="pending",
            created_at=fact.timestamp,
            updated_at=fact.timestamp,
            position=event.position,
            created_position=event.position,
        )

    def folded(self, aggregate: Any, **values: Any) -> Row:
        """The same row from the folded stream; *values* are what only one of the two tables has."""
        same = {name: getattr(aggregate, name) for name in (*_FOLDED, self._what)}
        return self._kind(**same, **values, created_at=aggregate.created_on, updated_at=aggregate.modified_on, created_position=0)
