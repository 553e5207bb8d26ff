"""The auditor's reads: every entry of the log, any account's book with its running balances, the sums, and all of it as a file."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.refusals import ServiceUnavailable
from api.shapes.audit import (
    AsOfQuery,
    EntriesQuery,
    ExportQuery,
    Replay,
    ReplayedBalance,
    ReplayQuery,
    shown_log_entry,
    shown_move,
    shown_trial_balance,
)
from domain.credits.refusals import AsOfOutOfRange, AsOfTwice, CreditAccountNotFound
from projections.log.entries import page_of_entries
from projections.log.export import exported
from projections.log.points import AsOf, OutOfRange, point_of
from projections.log.rows import last_recorded_by
from projections.log.running import Balance, Opened, balance_of_moves, moves, opened
from projections.log.trial_balance import SLICE_POSITIONS, BookSums, added, sums_of_slice

NDJSON = "application/x-ndjson"
EXPORT_PAGE_EVENTS = 500
INSTANT = timedelta(microseconds=1)


async def entries(call: Call, query: EntriesQuery) -> Answer:
    """Every entry of the log, oldest first: columns, postings, and the fields that are not personal."""
    head = await call.platform.journal.head()
    low, high = query.from_position or 1, min(query.to_position or head, head)
    async with call.platform.reads.connection() as connection:
        if query.recorded_from is not None:
            low = max(low, 1 + await last_recorded_by(connection, query.recorded_from - INSTANT, head=head))
        if query.recorded_to is not None:
            high = min(high, await last_recorded_by(connection, query.recorded_to - INSTANT, head=head))
        rows, after = await page_of_entries(
            connection,
            low=low,
            high=high,
            account_id=None if query.account is None else UUID(query.account),
            topics=query.type,
            books=query.book,
            order=query.order,
            limit=query.limit,
            after_position=call.after[0] if call.after else None,
        )
    answer = call.page([shown_log_entry(row) for row in rows], next_key=None if after is None else [after])
    answer.position = head
    return answer


async def replay(call: Call, id: UUID, query: ReplayQuery) -> Answer:
    """An account's ledger entries, oldest first, with its balances after each, and the balance that all of them lead to."""
    async with call.platform.reads.connection() as connection:
        book = await opened(connection, id)
        if book is None:
            raise CreditAccountNotFound()
        # The cursor carries the point and the balances, so that all pages tell of one and the same book.
        if call.after:
            after, upto, *sums = call.after
            running, total = Balance(*sums[:3]), Balance(*sums[3:])
            asked = AsOf(upto, query.as_of_effective)
        else:
            after, running = 0, Balance()
            asked = await _point_of(call, connection, query, book)
            total = await balance_of_moves(connection, upto=asked.upto, account_id=id, effective_by=asked.effective_by)
        limits = {"after": after, "upto": asked.upto, "limit": query.limit + 1, "effective_by": asked.effective_by}
        found = await moves(connection, account_id=id, **limits)
    more, found = found[query.limit :], found[: query.limit]
    data = []
    for move in found:
        running = move.onto(running)
        data.append(shown_move(move, running))
    answer = call.page(data, next_key=[found[-1].position, asked.upto, *running, *total] if more else None)
    balance = ReplayedBalance(available=total.available, held=total.held, owed=total.owed, position=asked.upto)
    answer.body = Replay(data=data, next_cursor=answer.body.next_cursor, balance=balance)
    return answer


async def trial_balance(call: Call, query: AsOfQuery) -> Answer:
    """What stands on each side and in each outside book. All of it together is zero, or the book does not balance."""
    slices: list[BookSums] = []
    async with call.platform.reads.connection() as connection:
        point = await _point_of(call, connection, query)
    for after in range(0, point.upto, SLICE_POSITIONS):
        # A connection for each slice: whoever else wants to read comes in between.
        async with call.platform.reads.connection() as connection:
            slices += await sums_of_slice(connection, after=after, upto=point.upto, effective_by=point.effective_by)
    return ok(shown_trial_balance(point.upto, added(slices)), position=point.upto)


async def export(call: Call, query: ExportQuery) -> Answer:
    """The log as NDJSON, `daybook-export/1`: whole, or one account's events with their proofs. Its last line shows that it is whole.

    It is read in pages as it is taken: a slow reader holds nothing open. What is cut off on the way lacks its end.
    """
    reads = call.platform.reads
    if query.account is not None:
        async with reads.connection() as connection:
            if await opened(connection, UUID(query.account)) is None:
                raise CreditAccountNotFound()
    blocks = exported(reads.connection, log_name=call.platform.log_name, page_events=EXPORT_PAGE_EVENTS, account_id=query.account)
    # What can be wrong shows in these two, while there is still a status to say it with.
    first, second = await anext(blocks), await anext(blocks)
    headers = {"content-disposition": f'attachment; filename="daybook-{query.account or "log"}-{first.head}.ndjson"'}
    headers["daybook-position"] = str(first.head)
    if call.request.method == "HEAD":
        return Answer(200, headers={**headers, "content-type": NDJSON})

    async def send(response: Any) -> None:
        try:
            await response.send(first.lines + second.lines)
            async for block in blocks:
                if call.draining:
                    raise ServiceUnavailable(retry_after=1)
                await response.send(block.lines)
        except Exception:
            # Sanic would end the body properly; nobody may take a part for the whole.
            call.request.transport.abort()
            raise

    return Answer(200, headers=headers, content_type=NDJSON, stream=send)


async def _point_of(call: Call, connection: Any, query: AsOfQuery, book: Opened | None = None) -> AsOf:
    """Raises AsOfTwice, AsOfOutOfRange."""
    names = ("as_of_position", "as_of", "as_of_effective")
    asked = [name for name in names if getattr(query, name) is not None]
    if len(asked) > 1:
        raise AsOfTwice(errors=[(f"/{name}", "at most one of the three") for name in asked])
    values: dict[str, Any] = {"position": query.as_of_position, "recorded": query.as_of, "effective": query.as_of_effective}
    try:
        return await point_of(connection, now=call.now, book=book, **values)
    except OutOfRange as error:
        raise AsOfOutOfRange(errors=[(f"/{asked[0]}", str(error))]) from error
