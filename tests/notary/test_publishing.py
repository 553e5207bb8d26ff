"""Checkpoints outside the database, and what they say to a database that was restored."""

import asyncio

import pytest

from domain.assets.storage import StoreUnavailable
from infra.objects.directory import DirectoryStore
from infra.postgres.pool import open_pool
from projections.notary import publishing as publishings
from projections.notary.checkpoints import latest, page
from projections.notary.publishing import LATEST, Publishing, key_of, remembered_in
from projections.notary.refusals import LogAltered, LogShrunk
from tests.support.signer import TestSigner


class Fickle:
    """A store that can be switched off; it fails in the middle, too."""

    def __init__(self, store):
        self.store = store
        self.puts_left = 1_000

    async def put(self, key, data, content_type):
        if self.puts_left == 0:
            raise StoreUnavailable(retry_after=1)
        self.puts_left -= 1
        await self.store.put(key, data, content_type)

    async def get(self, key):
        return await self.store.get(key)


@pytest.fixture
async def store(tmp_path):
    directory = DirectoryStore(tmp_path / "objects", public_url="http://daybook.test", signer=TestSigner())
    await directory.prepare()
    yield Fickle(directory)
    await directory.close()


@pytest.fixture
async def publishing(fresh_database_url, store):
    async with open_pool(fresh_database_url, size=2) as pool:
        yield Publishing(pool, store)


async def signed(office, times, **how):
    for seed in range(times):
        await office.log(5, seed=seed + 10 * times)
        await office.sealed(office.notary(**how))
    return await page(office.conn, limit=100)


async def test_every_checkpoint_is_published_under_its_size_and_the_last_one_as_the_latest(office, store, publishing):
    rows = await signed(office, 3)
    assert await publishing.publish() == 3
    for row in rows:
        assert (await store.get(f"checkpoints/{row.size}")).decode() == row.note
    assert (await store.get(LATEST)).decode() == rows[-1].note
    assert await publishing.publish() == 0


async def test_what_a_store_that_was_away_has_missed_comes_later(office, store, publishing):
    rows = await signed(office, 4)
    for puts in (0, 2, 1):
        store.puts_left = puts
        with pytest.raises(StoreUnavailable):
            await publishing.publish()
    store.puts_left = 1_000
    assert await publishing.publish() == 4
    assert [(await store.get(key_of(row.size, row.origin))).decode() for row in rows] == [row.note for row in rows]
    assert (await store.get(LATEST)).decode() == rows[-1].note


async def test_it_is_tried_again_and_again_until_it_is_done(office, store, publishing, monkeypatch):
    monkeypatch.setattr(publishings, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(publishings, "RETRY_SECONDS_MAX", 0.01)
    await signed(office, 1)
    store.puts_left, stop = 0, asyncio.Event()
    running = asyncio.create_task(publishing.run(stop))
    publishing.on_published = lambda count: stop.set()
    await asyncio.sleep(0.05)
    assert not stop.is_set()
    store.puts_left = 1_000
    await asyncio.wait_for(running, 60)
    assert (await store.get(LATEST)).decode() == (await latest(office.conn)).note


async def test_later_incarnations_do_not_overwrite_the_first(office, store, publishing):
    await office.log(10)
    await office.conn.execute("INSERT INTO proofs.log (incarnation, lost_from) VALUES (2, 40)")
    row = await office.sealed()
    await publishing.publish()
    assert row.origin == "books.example.com/2"
    assert (await store.get(f"checkpoints/{row.size}.2")).decode() == row.note


async def test_a_restored_log_is_not_signed_before_somebody_says_so(office, store, publishing):
    """The backup knows neither the last events nor that they were signed."""
    old, new = await signed(office, 2)
    await publishing.publish()
    await office.conn.execute(f"DELETE FROM journal.events WHERE position > {old.size}".encode())
    await office.conn.execute(f"DELETE FROM proofs.checkpoints WHERE size > {old.size}".encode())
    await office.conn.execute(f"UPDATE proofs.tree SET size = {old.size}".encode())
    with pytest.raises(LogShrunk, match=f"ends at position {old.size}, but the object store has a checkpoint of {new.size}"):
        await office.sealed(office.notary(remembered=remembered_in(store)))
    await office.conn.execute("INSERT INTO proofs.log (incarnation, lost_from) VALUES (2, %s)", [old.size + 1])
    assert (await office.sealed(office.notary(remembered=remembered_in(store)))).size == old.size


async def test_a_restored_log_that_has_grown_again_is_not_signed_either(office, store, publishing):
    old, _ = await signed(office, 2)
    await publishing.publish()
    await office.conn.execute(f"UPDATE journal.events SET actor = 'later' WHERE position > {old.size}".encode())
    await office.conn.execute(f"DELETE FROM proofs.checkpoints WHERE size > {old.size}".encode())
    await office.conn.execute("DELETE FROM proofs.nodes; UPDATE proofs.tree SET size = 0")
    with pytest.raises(LogAltered):
        await office.sealed(office.notary(remembered=remembered_in(store)))
    assert (await latest(office.conn)).size == old.size


async def test_a_lost_checkpoint_row_is_no_restore(office, store, publishing):
    _, new = await signed(office, 2)
    await publishing.publish()
    await office.conn.execute(f"DELETE FROM proofs.checkpoints WHERE size = {new.size}".encode())
    assert (await office.sealed(office.notary(remembered=remembered_in(store)))).note == new.note


async def test_a_database_that_forgot_its_incarnation_is_not_signed(office, store, publishing):
    await office.log(10)
    await office.conn.execute("INSERT INTO proofs.log (incarnation, lost_from) VALUES (2, 40)")
    await office.sealed()
    await publishing.publish()
    await office.conn.execute("DELETE FROM proofs.log WHERE incarnation = 2")
    await office.log(10, seed=2)
    with pytest.raises(LogShrunk, match="incarnation 2 in the object store"):
        await office.sealed(office.notary(remembered=remembered_in(store)))


async def test_the_checkpoint_of_another_log_in_the_same_store_is_replaced(office, store, publishing, caplog):
    await store.put(LATEST, b"something else\n", "text/plain")
    await office.log(10)
    row = await office.sealed(office.notary(remembered=remembered_in(store)))
    assert "was not signed by this log" in caplog.text
    await publishing.publish()
    assert (await store.get(LATEST)).decode() == row.note
