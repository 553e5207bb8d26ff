"""Rows as they stand in a table against rows as they must be."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NoReturn

from projections.audit.report import Difference, Differs, text_of

Row = dict[str, Any]


def compare(table: str, key: Sequence[str], *, expected: Sequence[Row], found: Sequence[Row]) -> None:
    """Raises Differs for the first row, by key, that is missing, too many, or has another value in a column."""
    key_of = itemgetter(*key)
    standing = {key_of(row): row for row in found}
    wrong = [row for row in expected if standing.pop(key_of(row), None) != row]
    if wrong:
        row = min(wrong, key=key_of)
        stands = {key_of(row): row for row in found}.get(key_of(row))
        if stands is None:
            _differs(table, key, row, "the row is missing", expected=row, found=None)
        else:
            _name_column(table, key, expected=row, found=stands)
    if standing:
        stands = standing[min(standing)]
        _differs(table, key, stands, "a row that follows from nothing in the log", expected=None, found=stands)


def time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _name_column(table: str, key: Sequence[str], *, expected: Row, found: Row) -> None:
    for column in sorted(expected.keys() | found.keys()):
        if column not in expected:
            _differs(table, key, found, f"column {column} has no recomputation", expected=None, found=found[column])
        if column not in found:
            _differs(table, key, expected, f"column {column} is missing", expected=expected[column], found=None)
        if expected[column] != found[column]:
            _differs(table, key, expected, f"column {column}", expected=expected[column], found=found[column])


def _differs(table: str, key: Sequence[str], row: Row, what: str, *, expected: Any, found: Any) -> NoReturn:
    named = "/".join(str(row[name]) for name in key)
    position = row.get("position")
    raise Differs(Difference(where=table, what=what, row=named, position=position, expected=text_of(expected), found=text_of(found)))
