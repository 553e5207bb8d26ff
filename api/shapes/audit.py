"""The log as an auditor sees it: columns and public fields of every entry, never anything sealed."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from api.kit.shapes import Count, Id, Moment, Query, Shown, When, moment
from domain.kernel.limits import INTEGER_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from projections.log.entries import EntryRow
from projections.log.running import Balance, Move
from projections.log.trial_balance import BookSums

Position = Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]


class AuditPage(Query):
    """Lists of an auditor begin with the oldest."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT
    cursor: str | None = None


class EntriesQuery(AuditPage):
    """Positions are inclusive; `recorded_from` and `recorded_to` are half-open. A page may be short, or empty, and still have a next."""

    order: Literal["asc", "desc"] = "asc"
    account: Id | None = None
    type: list[Word] = []
    book: list[Annotated[str, Meta(max_length=200)]] = []
    from_position: Position | None = None
    to_position: Position | None = None
    recorded_from: When | None = None
    recorded_to: When | None = None


class AsOfQuery(Query):
    """At most one of the three. `as_of`: as the log stood then. `as_of_effective`: what counted then."""

    as_of_position: Position | None = None
    as_of: When | None = None
    as_of_effective: When | None = None


class ReplayQuery(AsOfQuery):
    limit: Annotated[int, Meta(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT
    cursor: str | None = None


class ExportQuery(Query):
    account: Id | None = None


class Entry(Shown):
    """One row of the log. The postings are null when it moves no credits. `fact` holds the fields that are not personal."""

    position: Count
    stream: Id
    version: Count
    type: str
    recorded_at: Moment
    actor: str
    account_id: Id | None
    correlation: str
    causation: Count | None
    command_id: Id
    first: bool
    available: int | None
    held: int | None
    owed: int | None
    outside: int | None
    book: str | None
    fact: dict[str, Any]


class Replayed(Shown):
    """A ledger entry, what it moved, and the account's balances after it."""

    position: Count
    type: str
    recorded_at: Moment
    effective_at: Moment
    available: int
    held: int
    owed: int
    outside: int
    book: str
    available_after: int
    held_after: int
    owed_after: int


class ReplayedBalance(Shown):
    """Whole credits. `position`: up to which the log was read."""

    available: int
    held: int
    owed: int
    position: Count


class Replay(Shown):
    """A page of entries, and the balance that all of them, not only this page, lead to."""

    data: list[Replayed]
    next_cursor: str | None
    balance: ReplayedBalance


class BookSum(Shown):
    """What the entries with this outside book have moved. `book` is empty for what moved within accounts, such as holds."""

    book: str
    entries: Count
    available: int
    held: int
    owed: int
    outside: int


class SideSums(Shown):
    """The four sides over all books. `sum` of them is zero in a book that balances."""

    available: int
    held: int
    owed: int
    outside: int
    sum: int


class TrialBalance(Shown):
    """As of `position`: only what was recorded up to it is counted."""

    position: Count
    entries: Count
    books: list[BookSum]
    totals: SideSums
    balanced: bool


def shown_trial_balance(position: int, books: Sequence[BookSums]) -> TrialBalance:
    """Balanced: each book sums to zero over the four sides, and so do all together."""
    totals = [sum(amounts) for amounts in zip(*(book[2:] for book in books), strict=True)] or [0, 0, 0, 0]
    return TrialBalance(
        position=position,
        entries=sum(book.entries for book in books),
        books=[BookSum(**book._asdict()) for book in books],
        totals=SideSums(available=totals[0], held=totals[1], owed=totals[2], outside=totals[3], sum=sum(totals)),
        balanced=all(sum(book[2:]) == 0 for book in books),
    )


def shown_log_entry(row: EntryRow) -> Entry:
    return Entry(
        position=row.position,
        stream=str(row.stream),
        version=row.version,
        type=row.topic,
        recorded_at=moment(row.recorded_at),
        actor=row.actor,
        account_id=None if row.account_id is None else str(row.account_id),
        correlation=row.correlation,
        causation=row.causation,
        command_id=str(row.command_id),
        first=row.first,
        available=row.available,
        held=row.held,
        owed=row.owed,
        outside=row.outside,
        book=row.book,
        fact=row.public(),
    )


def shown_move(move: Move, after: Balance) -> Replayed:
    return Replayed(
        position=move.position,
        type=move.topic,
        recorded_at=moment(move.recorded_at),
        effective_at=moment(move.effective_at),
        available=move.available,
        held=move.held,
        owed=move.owed,
        outside=move.outside,
        book=move.book,
        available_after=after.available,
        held_after=after.held,
        owed_after=after.owed,
    )
