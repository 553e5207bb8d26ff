"""Pages: by a position that never changes, either way."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import class_row

from projections.kernel.reader import ENDLESS

Row = TypeVar("Row")


def both_ways(sql: str, **names: str) -> dict[str, str]:
    """*sql* for either order: `{beyond}` the last position seen, and `{direction}`. *names* are further parts of it."""
    return {
        "asc": sql.format(beyond=">", direction="ASC", **names),
        "desc": sql.format(beyond="<", direction="DESC", **names),
    }


async def page(
    conn: AsyncConnection[Any],
    statements: Mapping[str, str],
    filters: Mapping[str, Any],
    kind: type[Row],
    *,
    order: str,
    limit: int,
    after_position: int | None,
) -> list[Row]:
    """At most *limit* rows beyond *after_position* (None: from the beginning of the order). An empty filter matches all."""
    params = {name: _or_none(value) for name, value in filters.items()}
    first = ENDLESS if order == "desc" else 0
    params |= {"limit": limit, "after_position": first if after_position is None else after_position}
    cursor = conn.cursor(binary=True, row_factory=class_row(kind))
    # Not prepared: one kept plan for all combinations of filters would use the right index for none.
    await cursor.execute(statements[order].encode(), params, prepare=False)
    return await cursor.fetchall()


def _or_none(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value) or None
    return value
