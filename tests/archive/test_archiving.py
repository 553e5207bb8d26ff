"""Archiving: what goes, what stays, and that everybody still reads the same."""

from projections.log.rows import page_of_rows
from tests.support.attic import Attic

EVERYTHING = "SELECT * FROM journal.events ORDER BY position"
THIN = "SELECT count(*) FROM journal.events WHERE state >= '{\"archived\":'::bytea AND state < '{\"archived\";'::bytea"


async def test_old_words_go_into_segments_and_everything_is_read_as_before(attic: Attic):
    head = (await attic.rows("SELECT max(position) FROM journal.events"))[0][0]
    before = await page_of_rows(attic.conn, after=0, upto=head, limit=head)
    size = (await attic.rows("SELECT sum(pg_column_size(e.*)) FROM journal.events e"))[0][0]

    done = await attic.archive()

    assert done.segments == head // 32 == len(attic.files()) and done.upto == head // 32 * 32
    assert done.thinned == (await attic.rows(THIN))[0][0] > done.upto // 2
    assert (await attic.rows("SELECT sum(pg_column_size(e.*)) FROM journal.events e"))[0][0] < size * 0.75
    async with attic.reading() as conn:
        assert await page_of_rows(conn, after=0, upto=head, limit=head) == before
    report = await attic.verify()
    assert report.ok, report.first_difference
    assert report.events == head and report.unsealed == 0
