"""Archiving: what goes, what stays, and that everybody still reads the same."""

from domain.generations.commands import RetryGeneration
from projections.log.rows import page_of_rows
from tests.support.attic import Attic
from tests.support.book import request_of

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


async def test_usage_is_still_that_of_the_model_that_was_fallen_back_to(attic: Attic):
    book = attic.library.book
    account_id, generation_id = book.account(credits=25), book.id()
    book.when(request_of(generation_id, account_id, 5, now=book.now, model="m/1", fallback_models=["m/2"]))
    book.start(generation_id)
    key = {"generation_id": generation_id, "account_id": account_id, "attempt": 1}
    book.when(RetryGeneration(**key, code="provider_error", run_at=None, model="m/2", provider="p", rate=5))
    await attic.write(8, 60)
    await attic.archive()
    book.start(generation_id)
    book.succeed(account_id, generation_id, attempt=2, price=5)
    await attic.write(9, 60)
    await attic.archive()
    spent = "SELECT model, sum(spent)::int FROM read.usage_daily_v2 WHERE account_id = %s GROUP BY 1 ORDER BY 1"
    assert await attic.rows(spent, account_id) == [("m/1", 0), ("m/2", 5)]
    report = await attic.verify()
    assert report.ok, report.first_difference
