"""Every kind of damage is named by its line, and nothing is written."""

import base64
import hashlib
import json
import re

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.imports.refused import ImportRefused, LineRefused
from projections.notary.checkpoint import PublicKey
from tests.support.engines import database
from tests.support.shelf import shelf_at

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def data(database_url):
    async with shelf_at(database_url) as shelf:
        await shelf.log(60)
        await shelf.sealed()
        await shelf.log(10, seed=2)
        return await shelf.exported()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(engines, migrated_template):
    """One for all: nothing is ever written to it."""
    with database(engines, template=migrated_template) as url:
        async with shelf_at(url) as made:
            yield made


def ended(lines):
    """*lines* with an end that fits them."""
    body = b"".join(line + b"\n" for line in lines)
    events = sum(b'"type":"event"' in line for line in lines)
    end = {"events": events, "sha256": hashlib.sha256(body).hexdigest(), "type": "end"}
    return body + canonical(end) + b"\n"


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def changed(data, kind, number=0, **values):
    """The file with other values in the line *number* of those of a type, and an end that fits."""
    lines = data.splitlines()[:-1]
    places = [place for place, line in enumerate(lines) if json.loads(line)["type"] == kind]
    lines[places[number]] = canonical({**json.loads(lines[places[number]]), **values})
    return ended(lines), places[number] + 1


async def refused(other, data, line=None, why="", **values):
    with pytest.raises(ImportRefused) as refusal:
        await other.imported(data, **values)
    assert re.search(why, str(refusal.value)), refusal.value
    if line is not None:
        assert isinstance(refusal.value, LineRefused)
        assert refusal.value.line == line
    for table in ("journal.events", "journal.claims", "dispatch.work", "proofs.checkpoints", "proofs.keys"):
        assert await other.rows(f"SELECT count(*) FROM {table}") == [(0,)]


async def test_a_changed_byte_is_found_by_the_digest_at_the_latest(data, other):
    lines = data.splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if b'"type":"event"' in line and b'"correlation":""' in line)
    lines[at] = lines[at].replace(b'"correlation":""', b'"correlation":"x"')
    await refused(other, b"".join(lines), why="do not lead to the checkpoint's root|digest")


@pytest.mark.parametrize("keep", [0, 1, 5, -1])
async def test_a_cut_file_is_named_as_such(data, other, keep):
    lines = data.splitlines(keepends=True)[:keep]
    await refused(other, b"".join(lines), len(lines) + 1, "the file ends without its end line")


async def test_a_file_cut_within_a_line_is_named_as_such(data, other):
    await refused(other, data[:-5], len(data.splitlines()), "the line has no end")


async def test_what_follows_the_end_is_refused(data, other):
    last = data.splitlines(keepends=True)[-1]
    await refused(other, data + last, len(data.splitlines()) + 1, "cannot stand here, after a line of type end")
    await refused(other, data + b"\n", len(data.splitlines()) + 1, "not a line of an export")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'{"', b'{ "'), (b"\n", b" \n"), (b'"event"', b'"\\u0065vent"'), (b'"version":1', b'"version":1.0'), (b'"type":', b'"typo":')],
)
async def test_anything_but_canonical_json_is_refused(data, other, old, new):
    lines = data.splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if b'"type":"event"' in line and b'"version":1' in line)
    lines[at] = lines[at].replace(old, new, 1)
    await refused(other, b"".join(lines), at + 1, "not in canonical form|not a line of an export")


async def test_white_space_in_a_state_is_refused(data, other):
    lines = data.splitlines(keepends=True)
    lines[4] = lines[4].replace(b'"state":{"', b'"state":{ "', 1)
    await refused(other, b"".join(lines), 5, "canonical form")


async def test_a_missing_a_doubled_and_a_swapped_event_are_named(data, other):
    lines = data.splitlines()[:-1]
    await refused(other, ended(lines[:6] + lines[7:]), 7, "position 5 must stand here, not 6")
    await refused(other, ended(lines[:6] + lines[5:]), 7, "position 5 must stand here, not 4")
    await refused(other, ended([*lines[:6], lines[7], lines[6], *lines[8:]]), 7, "position 5 must stand here, not 6")


async def test_the_header_must_tell_of_this_log(data, other):
    for values, why in (
        ({"format": "daybook-export/2"}, "the format is"),
        ({"account": "00000000-0000-0000-0000-000000000001"}, "export of one account"),
        ({"origin": "books.example.com"}, "incarnation"),
        ({"origin": "books.example.com/01"}, "incarnation"),
    ):
        await refused(other, changed(data, "header", **values)[0], 1, why)
    head = json.loads(data.splitlines()[0])["head"]
    await refused(other, changed(data, "header", head=head - 1)[0], None, f"tells of {head - 1} positions, this is {head}")
    await refused(other, changed(data, "header", head=head + 1)[0], len(data.splitlines()), f"ends after {head}")
    await refused(other, changed(data, "header", origin="books.example.com/2")[0], None, "incarnation 2, the log tells of 1")


async def test_the_end_must_fit(data, other):
    lines = data.splitlines()
    end = json.loads(lines[-1])
    for values in ({"events": end["events"] + 1}, {"sha256": "0" * 64}):
        wrong = b"".join(line + b"\n" for line in [*lines[:-1], canonical({**end, **values})])
        await refused(other, wrong, len(lines), "the end tells of|the digest is")


async def test_an_altered_event_does_not_lead_to_the_root(data, other):
    altered, _ = changed(data, "event", 3, actor="somebody else")
    checkpoint = next(place for place, line in enumerate(data.splitlines(), start=1) if b'"type":"checkpoint"' in line)
    await refused(other, altered, checkpoint, "do not lead to the checkpoint's root")


async def test_a_checkpoint_must_be_signed_by_a_key_of_the_file(data, other):
    note = next(json.loads(line)["note"] for line in data.splitlines() if b'"type":"checkpoint"' in line)
    signature = note.split(" ")[-1].strip()
    raw = base64.b64decode(signature)
    broken = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    altered, line = changed(data, "checkpoint", note=note.replace(signature, broken))
    await refused(other, altered, line, "signature")
    stranger = PublicKey("books.example.com", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    altered, line = changed(data, "key", vkey=stranger.vkey)
    await refused(other, altered, None, "no known key has signed")
    altered, line = changed(data, "key", vkey="books.example.com+00000000+AAAA")
    await refused(other, altered, line, "not a public key")


async def test_only_trusted_keys_may_have_signed(data, other, fresh_database_url):
    vkey = json.loads(data.splitlines()[1])["vkey"]
    stranger = PublicKey("books.example.com", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    await refused(other, data, 2, "not one of those you trust", trusted=[stranger.vkey])
    async with shelf_at(fresh_database_url) as shelf:
        assert (await shelf.imported(data, trusted=[stranger.vkey, vkey])).checkpoints == 1


async def test_a_checkpoint_stands_right_after_its_event(data, other):
    lines = data.splitlines()[:-1]
    at = next(place for place, line in enumerate(lines) if b'"type":"checkpoint"' in line)
    moved = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
    await refused(other, ended(moved), at + 2, "a checkpoint of")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"first": False}, "first event of a command"),
        ({"causation": 10**6}, "caused by something"),
        ({"recorded_at": "1999-01-01T00:00:00.000000Z"}, "recorded before|not lead"),
        ({"stream": "00000000-0000-0000-0000-00000000000X"}, "not a line of an export"),
        ({"state": "\\x7b7d"}, "canonical form"),
        ({"state": "text"}, "neither an object nor hexadecimal"),
        ({"state": [1]}, "not a line of an export|neither|str"),
        ({"path": []}, "has no path"),
    ],
)
async def test_the_form_of_each_event_is_checked(data, other, values, why):
    events = [line for line in data.splitlines() if b'"type":"event"' in line]
    tail = next(number for number in range(len(events) // 2, len(events)) if b'"first":true' in events[number])
    altered, line = changed(data, "event", tail, **values)
    await refused(other, altered, line, why)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"available": 1, "held": 0, "owed": 0, "outside": 0, "book": "x"}, "postings_are_balanced"),
        ({"version": -1}, "version_counts"),
        ({"recorded_at": "2999-13-01T00:00:00.000000Z"}, "date/time"),
    ],
)
async def test_what_only_the_database_can_judge_is_named_by_its_position(data, other, values, why):
    events = [json.loads(line) for line in data.splitlines() if b'"type":"event"' in line]
    altered, _ = changed(data, "event", len(events) - 1, **values)
    await refused(other, altered, None, rf"the database refuses an event at position {len(events)}: .*{why}")


async def test_a_log_that_is_not_empty_takes_nothing_in(data, fresh_database_url):
    async with shelf_at(fresh_database_url) as shelf:
        await shelf.log(1)
        before = await shelf.rows("SELECT count(*) FROM journal.events")
        with pytest.raises(ImportRefused, match="not empty"):
            await shelf.imported(data)
        assert await shelf.rows("SELECT count(*) FROM journal.events") == before
