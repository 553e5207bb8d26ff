"""Table of contents: the rows of `make bench`, in the order of the table."""

from tests.bench.measure import Row
from tests.bench.rows import append, end_to_end, growth, hot_account, idle, projection, submit

ROWS: list[Row] = [append.ROW, submit.ROW, hot_account.ONE_API, hot_account.TWO_APIS, end_to_end.ROW, idle.ROW, projection.ROW, growth.ROW]
