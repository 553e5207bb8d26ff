"""Arrays in binary form arrive as the same values."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from infra.postgres import arrays

FAR = datetime(2999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
PAST = datetime(1969, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pack", "values"),
    [
        (arrays.int2s, [1, None, -32768, 32767]),
        (arrays.int4s, [0, None, -(2**31), 2**31 - 1]),
        (arrays.int8s, [0, None, -(2**63), 2**63 - 1]),
        (arrays.uuids, [UUID(int=0), None, UUID(int=2**128 - 1)]),
        (arrays.texts, ["", None, "Zoë 🌊", "NULL", '{"a"}']),
        (arrays.blobs, [b"", None, bytes(range(256))]),
        (arrays.times, [FAR, None, PAST]),
        (arrays.texts, []),
    ],
)
def test_values_arrive_as_they_were_sent(database_url: str, pack: Callable[[Any], bytes], values: list[Any]) -> None:
    with psycopg.connect(database_url, autocommit=True, context=arrays.adapters()) as connection:
        row = connection.execute("SELECT %s", (pack(values),), binary=True).fetchone()
    assert row == (values,)
