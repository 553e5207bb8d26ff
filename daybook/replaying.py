"""`daybook audit replay`: ledger entries in the order of the log, with the balances after each, as lines of a format."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from daybook.schema import direct_url
from daybook.settings import Settings
from projections.log.points import AsOf, point_of
from projections.log.running import Balance, Books, Move, moves, opened

PAGE_ENTRIES = 2_000
COLUMNS = (
    *("position", "recorded_at", "effective_at", "type", "account_id", "book", "available", "held", "owed", "outside"),
    *("available_after", "held_after", "owed_after"),
)
#: What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDTHS = (9, 27, 27, 22, 36, 20, 10, 10, 8, 10, 12, 10, 10)
_ENCODE = msgspec.json.Encoder(order="sorted").encode
Line = tuple[Any, ...]
Format = Callable[[Sequence[Line]], bytes]


class Asked(NamedTuple):
    """What to replay. At most one of the last three is given."""

    account_id: UUID | None = None
    position: int | None = None
    recorded: datetime | None = None
    effective: datetime | None = None


class Page(NamedTuple):
    """Formatted lines, and how far they lead."""

    lines: bytes
    position: int
    upto: int
    #: Of the account, or of all of them.
    balance: Balance


class NoSuchAccount(Exception):
    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"there is no account {account_id}")


async def replayed(settings: Settings, asked: Asked, form: str) -> AsyncIterator[Page]:
    """Pages in order; the first holds the head line of the format, if it has one.   Raises NoSuchAccount, OutOfRange."""
    shape = FORMATS[form]
    async with await AsyncConnection.connect(direct_url(settings), autocommit=True, application_name="daybook replay") as conn:
        point = await _point_of(conn, asked)
        books, total, after = Books(conn, effective_by=point.effective_by), Balance(), 0
        yield Page(b"" if form == "ndjson" else shape([COLUMNS]), 0, point.upto, total)
        while True:
            limits: dict[str, Any] = {"after": after, "upto": point.upto, "limit": PAGE_ENTRIES, "effective_by": point.effective_by}
            found = await moves(conn, account_id=asked.account_id, **limits)
            if not found:
                yield Page(b"", point.upto, point.upto, total)
                return
            lines = [_line(move, await books.after(move)) for move in found]
            for move in found:
                total = move.onto(total)
            after = found[-1].position
            yield Page(shape(lines), after, point.upto, total)


async def _point_of(conn: AsyncConnection[Any], asked: Asked) -> AsOf:
    book = None
    if asked.account_id is not None and (book := await opened(conn, asked.account_id)) is None:
        raise NoSuchAccount(asked.account_id)
    values: dict[str, Any] = {"position": asked.position, "recorded": asked.recorded, "effective": asked.effective}
    return await point_of(conn, now=datetime.now(UTC), book=book, **values)


def _line(move: Move, after: Balance) -> Line:
    times = (_time(move.recorded_at), _time(move.effective_at))
    moved = (move.available, move.held, move.owed, move.outside)
    return (move.position, *times, move.topic, move.account_id, move.book, *moved, *after)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def as_table(lines: Sequence[Line]) -> bytes:
    """Columns of fixed width: the whole is never known."""
    return b"".join([_row(line) for line in lines])


def _row(line: Line) -> bytes:
    cells = [f"{cell:<{width}}" if isinstance(cell, str) else f"{cell:>{width}}" for cell, width in zip(line, _WIDTHS, strict=True)]
    return "  ".join(cells).rstrip().encode() + b"\n"


def as_csv(lines: Sequence[Line]) -> bytes:
    """RFC 4180. A text that a spreadsheet would take for a formula is preceded by an apostrophe."""
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in line] for line in lines)
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def as_ndjson(lines: Sequence[Line]) -> bytes:
    return b"".join([_ENCODE(dict(zip(COLUMNS, line, strict=True))) + b"\n" for line in lines])


FORMATS: dict[str, Format] = {"csv": as_csv, "ndjson": as_ndjson, "table": as_table}
