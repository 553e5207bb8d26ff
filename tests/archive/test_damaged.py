"""What is wrong with the archive is said, with file and position; and what is wrong with a row that was archived is found as before."""

import gzip
import json
from hashlib import sha256

import pytest

from daybook.archiving import look
from domain.archive.refusals import ArchiveUnavailable
from infra.archive.segment import SegmentDamaged
from projections.log.rows import page_of_rows
from tests.support.attic import Attic

A_HOLD = "SELECT max(position) FROM journal.events WHERE topic = 'credits.held' AND position <= 64"


def silent(done, of):
    """No bar."""


@pytest.fixture
async def archived(attic: Attic) -> Attic:
    await attic.archive()
    return attic


async def first_difference(attic: Attic):
    report = await attic.verify()
    assert not report.ok
    return report.first_difference


async def test_a_file_that_is_missing_or_damaged_and_a_missing_row_are_named(archived: Attic):
    lost = archived.files()[1]
    lost.rename(archived.folder / "aside")
    said = await first_difference(archived)
    assert (said.where, said.position) == ("archive", 33) and f"archive/{lost.name} is missing" in said.what
    with pytest.raises(SegmentDamaged, match=f"position 33: the archive's file archive/{lost.name} is missing"):
        await look(archived.settings, silent)
    async with archived.reading() as conn:
        assert len(await page_of_rows(conn, after=0, upto=32, limit=32)) == 32, "the others can be read"
        with pytest.raises(ArchiveUnavailable, match="from position 33 on cannot be read"):
            await page_of_rows(conn, after=32, upto=64, limit=32)
    (archived.folder / "aside").rename(lost)

    whole = lost.read_bytes()
    lost.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    said = await first_difference(archived)
    assert (said.where, said.position) == ("archive", 33) and f"{lost.name} is not what was written" in said.what
    lost.write_bytes(whole)
    assert (await archived.verify()).ok

    await archived.conn.execute("DELETE FROM journal.segments WHERE first = 33")
    said = await first_difference(archived)
    assert (said.where, said.position) == ("archive", 33) and "has no segment of it" in said.what


async def test_a_forged_file_with_a_forged_row_does_not_lead_to_the_checkpoint(archived: Attic):
    """Who may write into the database and the store still has no key."""
    file = archived.files()[0]
    *lines, _ = gzip.decompress(file.read_bytes()).splitlines()
    event = json.loads(lines[9])
    event["actor"] = "nobody"
    lines[9] = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    body = b"\n".join([*lines, b""])
    await forge(archived, body, events=len(lines) - 1)
    said = await first_difference(archived)
    assert (said.where, said.position) == ("archive", 1) and "do not lead to the root of checkpoint" in said.what


async def forge(attic: Attic, body: bytes, events: int) -> None:
    end = {"events": events, "sha256": sha256(body).hexdigest(), "type": "end"}
    data = gzip.compress(body + json.dumps(end, separators=(",", ":")).encode() + b"\n")
    attic.files()[0].write_bytes(data)
    await attic.conn.execute("UPDATE journal.segments SET sha256 = %s, bytes = %s WHERE first = 1", (sha256(data).digest(), len(data)))


ALTERED = {
    "an amount": "available = available + 1, outside = outside - 1, book = 'x'",
    "a time": "recorded_at = recorded_at - interval '1 us'",
    "an owner": "account_id = NULL",
}
REMEMBERED = "SELECT available, outside, book, recorded_at, account_id FROM journal.events WHERE position = %s"
PUT_BACK = "UPDATE journal.events SET (available, outside, book, recorded_at, account_id) = (%s, %s, %s, %s, %s) WHERE position = %s"


async def test_an_altered_row_is_found_although_its_words_are_archived(archived: Attic):
    ((position,),) = await archived.rows(A_HOLD)
    (was,) = await archived.rows(REMEMBERED, position)
    for what, change in ALTERED.items():
        await archived.conn.execute(f"UPDATE journal.events SET {change} WHERE position = {position}".encode())
        said = await first_difference(archived)
        assert said.where == "log" and said.position <= position <= (said.last_position or said.position), what
        await archived.conn.execute(PUT_BACK, (*was, position))
    assert (await archived.verify()).ok


async def test_what_stayed_of_a_state_is_checked_too(archived: Attic):
    ((position, state),) = await archived.rows(
        "SELECT position, state FROM journal.events WHERE topic = 'generations.requested' ORDER BY position LIMIT 1"
    )
    forged = bytes(state).replace(b'"model":"', b'"model":"x')
    await archived.conn.execute("UPDATE journal.events SET state = %s WHERE position = %s", (forged, position))
    said = await first_difference(archived)
    assert (said.where, said.position) == ("log", position) and "what stayed of the archived state is not what it was" in said.what
    await archived.conn.execute("UPDATE journal.events SET state = %s WHERE position = %s", (state, position))

    ((head,),) = await archived.rows("SELECT max(position) FROM journal.events")
    await archived.conn.execute("UPDATE journal.events SET state = %s WHERE position = %s", (b'{"archived":1}', head))
    said = await first_difference(archived)
    assert (said.where, said.position) == ("log", head) and "which has none at this position" in said.what
