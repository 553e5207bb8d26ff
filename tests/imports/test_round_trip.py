"""export → import → export: the same bytes, the same root, and a log that lives on."""

import base64
import hashlib
import json
import struct
from itertools import pairwise

import pytest

from domain.credits.commands import GrantCredits
from infra.imports import book as importing
from projections.audit.verify import verify
from projections.log.lines import decode
from projections.projector import projector
from tests.support.journal import context, journal_world, new_id

INSERT = """
    INSERT INTO journal.events (position, stream, version, topic, recorded_at, actor, correlation, command_id, first, fingerprint, status,
        result, state)
    VALUES (%s, gen_random_uuid(), %s, 'a:b\\t\n', '2027-01-01T00:00:00.000001Z', %s, %s, gen_random_uuid(), true, %s, 200, %s, %s)
"""
RESTORED = """
    INSERT INTO journal.events (position, stream, version, topic, recorded_at, actor, correlation, command_id, first, state)
    VALUES (%s, gen_random_uuid(), 1, 'notary.log_restored', '2027-01-01T00:00:00Z', 'test', '', gen_random_uuid(), true, %s)
"""
#: The order of the columns in a leaf.
COLUMNS = (
    *("position", "stream", "version", "topic", "recorded_at", "actor", "account_id", "correlation", "causation", "command_id", "first"),
    *("fingerprint", "status", "result", "available", "held", "owed", "outside", "book", "state"),
)


@pytest.fixture
async def original(shelf):
    """A log with checkpoints of two keys between its events, and a tail that nobody has signed."""
    for seed in (1, 2):
        await shelf.log(150, seed=seed)
        await shelf.sealed()
        await shelf.rotate()
    await shelf.log(20, seed=3)
    return shelf


async def test_the_same_bytes_come_out_again_with_the_same_root(original, other, monkeypatch):
    monkeypatch.setattr(importing, "PART_EVENTS", 97)
    data = await original.exported()
    done = await other.imported(data)
    head = len(original.book.rows)
    assert (done.events, done.checkpoints, done.keys) == (head, 2, 3)
    assert await other.exported(page_events=333) == data
    everything = "SELECT * FROM journal.events ORDER BY position"
    assert await other.rows(everything) == await original.rows(everything)
    # Its own notary finds the same tree, and goes on under a key of its own.
    first, again = await original.sealed(), await other.sealed()
    assert (first.size, first.root) == (again.size, again.root) == (head, done.root)
    assert first.note != again.note


async def test_every_line_is_canonical_and_in_its_place(original):
    data = await original.exported()
    lines = [json.loads(line) for line in data.splitlines()]
    assert data.endswith(b"\n")
    canonical = [json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for line in lines]
    assert "\n".join(canonical).encode() + b"\n" == data
    head = len(original.book.rows)
    assert lines[0] == {"type": "header", "format": "daybook-export/1", "origin": "books.example.com/1", "account": None, "head": head}
    assert [line["type"] for line in lines[1:5]] == ["key", "key", "key", "event"]
    events = [line for line in lines if line["type"] == "event"]
    assert [event["position"] for event in events] == list(range(1, head + 1))
    for before, line in pairwise(lines):
        if line["type"] == "checkpoint":
            assert line["note"].split("\n")[1] == str(before["position"])


async def test_read_models_follow_and_the_book_is_verified(original, other):
    await other.imported(await original.exported())
    await projector(other.url).catch_up()
    report = await verify(other.url)
    assert report.first_difference is None
    assert report.events == len(original.book.rows)


async def test_positions_go_on_and_used_command_ids_stay_used(original, other):
    await other.imported(await original.exported())
    head = len(original.book.rows)
    async with journal_world(other.url) as world:
        assert await world.journal.head() == head
        known = await other.rows("SELECT command_id FROM journal.events WHERE first ORDER BY position DESC LIMIT 1")
        receipt = await world.journal.receipt(known[0][0])
        assert receipt is not None
        assert receipt.position == head
        account = original.book.rows[0]["account_id"]
        grant = {"source": "operator", "amount": 5, "priority": 0, "expires_at": None, "reason": "test"}
        done = await world.journal.execute(GrantCredits(account_id=account, grant_id=new_id(), **grant), context())
        assert done.position > head


async def test_foreign_rows_and_odd_texts_survive(shelf, other):
    """An application that shares the log may write any bytes; texts may hold whatever separates columns and lines."""
    await shelf.log(5)
    head = len(shelf.book.rows)
    strange = [b"state1", b"\x00\xff", b"{}", b'{"a": 1}', '{"é":"\\\\x00\\t"}'.encode(), b'{"n":123456789012345678901234567890}', b""]
    for number, state in enumerate(strange):
        values = (head + 1 + number, number, "actor\t\\N\r\n\\", "é\\x", b"\x00\x01", '{"x":"\\\\"}', state)
        await shelf.conn.execute(INSERT, values)
    data = await shelf.exported()
    done = await other.imported(data)
    assert done.events == head + len(strange)
    assert await other.exported() == data
    everything = "SELECT * FROM journal.events ORDER BY position"
    assert await other.rows(everything) == await shelf.rows(everything)


async def test_an_empty_log_is_a_file_too(shelf, other):
    data = await shelf.exported()
    assert (await other.imported(data)).events == 0
    assert [type(decode(line)).__name__ for line in data.splitlines()] == ["Header", "End"]


async def test_an_account_export_proves_each_event(original):
    account = original.book.rows[0]["account_id"]
    lines = [json.loads(line) for line in (await original.exported(account_id=str(account), page_events=40)).splitlines()]
    assert lines[0]["account"] == str(account)
    kinds = [line["type"] for line in lines]
    assert kinds.count("checkpoint") == 1
    assert kinds.index("checkpoint") == kinds.index("event") - 1
    sealed = int(next(line for line in lines if line["type"] == "checkpoint")["note"].split("\n")[1])
    events = [line for line in lines if line["type"] == "event"]
    mine = [number for number, row in enumerate(original.book.rows, start=1) if row["account_id"] == account]
    assert [event["position"] for event in events] == mine
    assert [event["position"] for event in events if event["path"] is None] == [position for position in mine if position > sealed]
    assert _root(lines, events[3]) == next(line for line in lines if line["type"] == "checkpoint")["note"].split("\n")[2]


def _root(lines, event):
    """The root that the event's path leads to, in base64, by the rule of RFC 9162, 2.1.3.2."""
    leaf = b""
    for name in COLUMNS:
        value = event[name]
        if value is None:
            leaf += b"\xff\xff\xff\xff"
            continue
        if name == "state":
            data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        elif name == "fingerprint":
            data = bytes.fromhex(value)
        else:
            data = str(value).lower().encode() if isinstance(value, bool) else str(value).encode()
        leaf += struct.pack(">I", len(data)) + data
    digest = hashlib.sha256(b"\x00" + leaf).digest()
    size = int(next(line for line in lines if line["type"] == "checkpoint")["note"].split("\n")[1])
    index, last = event["position"] - 1, size - 1
    for step in map(base64.b64decode, event["path"]):
        if index % 2 or index == last:
            digest = hashlib.sha256(b"\x01" + step + digest).digest()
            while index and not index % 2:
                index, last = index >> 1, last >> 1
        else:
            digest = hashlib.sha256(b"\x01" + digest + step).digest()
        index, last = index >> 1, last >> 1
    return base64.b64encode(digest).decode()


async def test_a_log_that_was_restored_keeps_its_incarnation(shelf, other):
    await shelf.log(20)
    await shelf.sealed()
    head = len(shelf.book.rows)
    restored = b'{"incarnation":2,"lost_from":17,"timestamp":"2027-01-01T00:00:00.000000Z"}'
    await shelf.conn.execute(RESTORED, (head + 1, restored))
    await shelf.conn.execute("INSERT INTO proofs.log (incarnation, lost_from) VALUES (2, 17)")
    await shelf.sealed()
    data = await shelf.exported()
    assert json.loads(data.splitlines()[0])["origin"] == "books.example.com/2"
    assert (await other.imported(data)).checkpoints == 2
    assert await other.exported() == data
    assert await other.rows("SELECT incarnation, lost_from FROM proofs.log ORDER BY 1") == [(1, None), (2, 17)]
