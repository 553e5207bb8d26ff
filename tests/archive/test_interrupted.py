"""An archiver that is cut off anywhere, and others that work meanwhile: nothing is lost, and the next run goes on."""

import pytest

from daybook.objects import object_store
from infra.archive.archiver import AnotherArchives, Archiver, Limits, LogDiffers
from infra.archive.segments import all_of
from projections.log.rows import page_of_rows
from tests.support.attic import EVERYTHING, LEVEL, Attic
from tests.support.stopping import Fuse, Guarded, Killed

CALLS_MAX = 120


async def two_segments(attic: Attic, fuse: Fuse) -> None:
    """What `archive_now` does, on a connection and a store that are gone when the fuse is."""
    async with object_store(attic.settings) as store:
        archiver = Archiver(Guarded(attic.conn, fuse), Guarded(store, fuse), level=LEVEL)
        for row in await archiver.unfinished():
            await archiver.thin(row)
        for first, last in await archiver.plan(Limits(to=64, seconds=0)):
            await archiver.thin(*await archiver.write(first, last))


async def test_it_may_be_cut_off_before_any_of_its_steps(attic: Attic):
    before = await page_of_rows(attic.conn, after=0, upto=96, limit=96)
    for calls in range(CALLS_MAX):
        try:
            await two_segments(attic, Fuse(calls))
        except Killed:
            async with attic.reading() as conn:
                assert await page_of_rows(conn, after=0, upto=96, limit=96) == before, f"cut off before call {calls}"
            continue
        break
    else:
        raise AssertionError("it never came to its end")
    assert calls > 30, "a run that was cut off goes on where it was, so each step was cut off once"
    assert [(row.first, row.thinned) for row in await all_of(attic.conn)] == [(1, True), (33, True)]
    # A file has the name of what is in it, so those that were written again and again are one.
    assert len(attic.files()) == 2
    assert (await attic.verify()).ok


async def test_one_archives_at_a_time(attic: Attic):
    async with object_store(attic.settings) as store, attic.reading() as other:
        await Archiver(other, store).lock()
        with pytest.raises(AnotherArchives):
            await attic.archive()
    assert (await attic.archive()).segments > 0


async def test_what_is_not_what_was_signed_is_not_archived(attic: Attic):
    await attic.conn.execute("UPDATE journal.events SET actor = 'x' WHERE position = 40")
    with pytest.raises(LogDiffers, match="positions 33 to 64 are not what was signed"):
        await attic.archive()
    assert [row.last for row in await all_of(attic.conn)] == [32]


async def test_a_row_gives_up_its_words_only_to_a_segment_that_has_them(attic: Attic):
    async with object_store(attic.settings) as store:
        archiver = Archiver(attic.conn, store, level=LEVEL)
        row, _ = await archiver.write(1, 32)
        thin = (await attic.rows("SELECT max(position) FROM journal.events WHERE position <= 32 AND topic LIKE 'credits.%%'"))[0][0]
        await attic.conn.execute("UPDATE journal.events SET correlation = 'other' WHERE position = %s", (thin,))
        with pytest.raises(LogDiffers, match=f"position {thin} is not what segment 1 holds"):
            await archiver.thin(row)
    assert await attic.rows("SELECT correlation FROM journal.events WHERE position = %s", thin) == [("other",)]


async def test_only_what_everybody_has_seen_and_what_is_signed_and_old_goes(attic: Attic):
    head = (await attic.rows("SELECT max(position) FROM journal.events"))[0][0]
    attic.library.busy_history(9, 60)
    await attic.library.book.flush(attic.conn)
    assert (await attic.archive()).upto <= head, "signed up to there, and folded"

    await attic.settle()
    await attic.conn.execute("UPDATE read.models SET position = %s WHERE name = 'assets'", (head,))
    assert (await attic.archive()).segments == 0, "a model has not seen the rest"
    await attic.conn.execute("UPDATE read.models SET position = (SELECT max(position) FROM read.models)")
    await attic.conn.execute("UPDATE webhooks.follower SET position = %s", (head,))
    assert (await attic.archive()).segments == 0, "who tells webhooks has not"
    await attic.settle()
    (now,) = (await attic.rows("SELECT extract(epoch FROM clock_timestamp() - max(recorded_at))::float8 FROM journal.events"))[0]
    assert (await attic.archive(EVERYTHING._replace(seconds=now + 10**9))).segments == 0, "it is too young"
    assert (await attic.archive()).segments > 0


async def test_segments_of_another_size_do_not_begin_anywhere(attic: Attic):
    await attic.archive(Limits(to=32, seconds=0))
    with pytest.raises(ValueError, match="cannot begin at position 33"):
        await attic.archive(level=LEVEL + 1)
