"""The shape of every list: read one row more than the page holds, show the page, and sign where the next one begins."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from api.kit.answer import Answer
from api.kit.call import Call
from api.kit.shapes import ListQuery

Row = TypeVar("Row")
#: A read model's `page_of_…`.
Read = Callable[..., Awaitable[list[Row]]]


async def page_of(
    call: Call, query: ListQuery, read: Read[Row], show: Callable[[Row], Any], *, by: str = "created_position", **filters: Any
) -> Answer:
    """A page of what *read* finds with *filters*, row by row. *by*: the row's position by which the list is ordered."""

    async def show_all(rows: Sequence[Row]) -> list[Any]:
        return [show(row) for row in rows]

    return await page_of_all(call, query, read, show_all, by=by, **filters)


async def page_of_all(
    call: Call,
    query: ListQuery,
    read: Read[Row],
    show_all: Callable[[Sequence[Row]], Awaitable[list[Any]]],
    *,
    by: str = "created_position",
    **filters: Any,
) -> Answer:
    """As `page_of`, for rows that are shown together, or with more to look up."""
    paging = {
        "created_from": query.created_from,
        "created_to": query.created_to,
        "order": query.order,
        "limit": query.limit + 1,
        "after_position": call.after[0] if call.after else None,
    }
    async with call.platform.reads.connection() as connection:
        rows = await read(connection, **{**paging, **filters})
    more, rows = rows[query.limit :], rows[: query.limit]
    return call.page(await show_all(rows), next_key=[getattr(rows[-1], by)] if more else None)
