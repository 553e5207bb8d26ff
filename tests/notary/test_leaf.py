"""The leaf of an event: every column, in one form."""

import hashlib
import struct
from datetime import UTC, datetime
from uuid import UUID

import pytest

from projections.notary.leaf import COLUMNS, canonical, encoded, event_object, leaf, rows

COLUMNS_OF_THE_LOG = """
    SELECT column_name FROM information_schema.columns WHERE table_schema = 'journal' AND table_name = 'events' ORDER BY ordinal_position
"""
ID = UUID("01936b2e-0000-7000-8000-00000000abcd")
NOON = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
INSERT = """
    INSERT INTO journal.events (position, stream, version, topic, recorded_at, actor, account_id, correlation, causation, command_id,
        first, fingerprint, status, result, available, held, owed, outside, book, state)
    VALUES (%s, %s, 1, %s, %s, 'Zoë', %s, '', %s, %s, true, %s, 202, %s, -5, 5, 0, 0, '', %s)
"""


def by_hand(*values):
    """The leaf, from Python values and the words of the format."""
    data = b""
    for value in values:
        if value is None:
            data += b"\xff\xff\xff\xff"
            continue
        text = str(value) if not isinstance(value, bool) else {True: "true", False: "false"}[value]
        raw = value if isinstance(value, bytes) else text.encode()
        data += struct.pack(">I", len(raw)) + raw
    return hashlib.sha256(b"\x00" + data).digest()


async def test_every_column_of_the_log_is_in_the_leaf(office):
    found = await office.rows(COLUMNS_OF_THE_LOG)
    assert tuple(name for (name,) in found) == COLUMNS


async def test_the_leaf_is_that_of_the_format(office):
    state = '{"word":"grün"}'.encode()
    values = [1, ID, "credits.held", NOON, ID, None, ID, b"\x00\xff", "{}", state]
    await office.conn.execute(INSERT, values)
    await office.conn.execute(INSERT, [2, UUID(int=1), "credits.held", NOON, None, 1, UUID(int=2), None, None, state])
    one, two = await rows(office.conn, after=0, upto=10)
    when = "2026-11-21T12:00:00.000005Z"
    assert leaf(one) == by_hand(
        1, ID, 1, "credits.held", when, "Zoë", ID, "", None, ID, True, b"\x00\xff", 202, "{}", -5, 5, 0, 0, "", state
    )
    assert leaf(two) == by_hand(
        2, UUID(int=1), 1, "credits.held", when, "Zoë", None, "", 1, UUID(int=2), True, None, 202, None, -5, 5, 0, 0, "", state
    )


async def test_the_database_settings_do_not_change_the_leaf(office):
    await office.log(30)
    before = [leaf(row) for row in await rows(office.conn, after=0, upto=1_000)]
    await office.conn.execute("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET bytea_output = 'escape'; SET lc_time = 'C'")
    assert [leaf(row) for row in await rows(office.conn, after=0, upto=1_000)] == before
    assert len(set(before)) == len(before) > 20


async def test_the_event_object_gives_the_leaf_again(office):
    await office.log(30)
    for row in await rows(office.conn, after=0, upto=1_000):
        event = event_object(row)
        assert list(event) == list(COLUMNS)
        assert canonical(event["state"]) == row[-1]
        assert by_hand(*(canonical(value) if name == "state" else value for name, value in event.items())) == leaf(row)


@pytest.mark.parametrize(
    "state",
    [b"state1", b"\xff\xfe", b'{"a": 1}', b'{"a":1.0}', b'{"b":1,"a":2}', b"[1]", b"", b'{"a":NaN}', "{}".encode("utf-16")],
)  # fmt: skip
async def test_a_state_of_another_application_is_shown_as_its_bytes(office, state):
    await office.conn.execute(INSERT, [1, ID, "their.module:Event", NOON, None, None, ID, None, None, state])
    (row,) = await rows(office.conn, after=0, upto=1)
    assert event_object(row)["state"] == "\\x" + state.hex()


def test_no_two_rows_have_the_same_encoding():
    shapes = [
        [b"", None],
        [None, b""],
        [b"a", b"b"],
        [b"ab", b""],
        [b"", b"ab"],
        [None, None],
        [b"", b""],
        [b"\xff\xff\xff\xff"],
        [b"a\x00"],
    ]
    assert len({encoded(shape) for shape in shapes}) == len(shapes)
