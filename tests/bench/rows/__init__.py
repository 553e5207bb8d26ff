"""Table of contents: the rows of `make bench`, in the order of the table."""

from tests.bench.measure import Row
from tests.bench.rows import (
    append,
    cold_start,
    end_to_end,
    growth,
    hot_account,
    idle,
    parked,
    projection,
    queue,
    sizes,
    snapshot,
    submit,
    verify,
)

ROWS: list[Row] = [
    append.ROW,
    append.SIXTEEN,
    submit.ROW,
    submit.TWO_APIS,
    hot_account.ONE_API,
    hot_account.TWO_APIS,
    end_to_end.ROW,
    idle.ROW,
    projection.ROW,
    verify.ROW,
    growth.ROW,
    snapshot.ROW,
    queue.ROW,
    parked.ROW,
    cold_start.ROW,
    sizes.ROW,
]
