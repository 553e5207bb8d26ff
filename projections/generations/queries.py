"""Questions about generations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from projections.generations.rows import GenerationRow
from projections.kernel.model import Place
from projections.kernel.pages import page

# One generation, by its key; a deleted one is as if it never was.
ONE = """
    SELECT * FROM read.generations_v1
    WHERE id = %(id)s AND NOT deleted AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
"""
# Newest first. The position of the request never changes, so pages neither repeat nor skip while states move.
_PAGE = """
    SELECT * FROM read.generations_v1
    WHERE NOT deleted AND created_position {beyond} %(after_position)s
      AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
      AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
      AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
      AND (%(models)s::text[] IS NULL OR model = ANY(%(models)s))
      AND (%(tags)s::text[] IS NULL OR (tag_index && %(tags)s::text[] AND tag_index <> '{{}}'))
      AND (%(error_codes)s::text[] IS NULL OR error ->> 'code' = ANY(%(error_codes)s))
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""
PAGES = {
    "asc": _PAGE.format(beyond=">", direction="ASC"),
    "desc": _PAGE.format(beyond="<", direction="DESC"),
}


async def generation_of(conn: AsyncConnection[Any], account_id: UUID | None, generation_id: UUID) -> GenerationRow | None:
    """The generation, if it is not deleted and belongs to *account_id* (None: to anybody)."""
    found = await Place(conn).fetch(ONE, {"id": generation_id, "account_id": account_id}, GenerationRow)
    return found[0] if found else None


async def page_of_generations(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID | None,
    statuses: Sequence[str] = (),
    kinds: Sequence[str] = (),
    models: Sequence[str] = (),
    tags: Sequence[str] = (),
    error_codes: Sequence[str] = (),
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[GenerationRow]:
    """Generations that are not deleted, by creation. `account_id` None: of everybody.

    Within one filter any value matches; `tags` are keyed hashes. `after_position` is the `created_position` of the last row seen.
    """
    filters = {
        "account_id": account_id,
        "statuses": statuses,
        "kinds": kinds,
        "models": models,
        "tags": tags,
        "error_codes": error_codes,
        "created_from": created_from,
        "created_to": created_to,
    }
    return await page(conn, PAGES, filters, GenerationRow, order=order, limit=limit, after_position=after_position)
