"""Epochs of keys: begun each month, emptied, destroyed when no copy of the database needs them."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.access.refusals import KeysMissing
from infra.objects.directory import DirectoryStore
from infra.secrets.epochs import PREFIX
from infra.secrets.keeping import UNNAMED, KeyKeeper
from infra.secrets.vault import open_vault
from tests.support.signer import TestSigner

SECRET = b"the secret key of the epochs' tests"
MAY, JUNE, AUGUST = (datetime(2026, month, 10, tzinfo=UTC) for month in (5, 6, 8))
RETENTION = timedelta(days=35)


@pytest.fixture
async def vault(pool, objects):
    return await open_vault(pool, objects, secret=SECRET)


@pytest.fixture
def keeper(vault):
    return KeyKeeper(vault.epochs, retention=RETENTION)


async def rows(pool, query, *values):
    async with pool.connection() as connection:
        return await (await connection.execute(query, values)).fetchall()


async def epochs(pool):
    """Name, how many living keys hang on it, and whether it is destroyed."""
    return await rows(
        pool,
        """
        SELECT e.epoch, (SELECT count(*) FROM vault.subject_keys k WHERE k.epoch = e.epoch AND k.wrapped IS NOT NULL),
               e.destroyed_at IS NOT NULL
        FROM vault.epochs e ORDER BY number
        """,
    )


async def stored(objects):
    return sorted([found.key.split("/")[1].split("-")[0] async for found in objects.list(PREFIX)])


async def test_each_month_the_living_hang_on_a_new_epoch_and_the_old_one_goes_in_its_time(pool, objects, vault, keeper):
    await keeper.keep(now=MAY)
    alice, bob = uuid4(), uuid4()
    sealed = (await vault.create(alice)).seal("hello")
    await vault.create(bob)
    await vault.destroy(bob)
    await keeper.keep(now=MAY + timedelta(days=1))
    assert await epochs(pool) == [("e1", 1, False)]
    await keeper.keep(now=JUNE)
    assert await epochs(pool) == [("e1", 0, False), ("e2", 1, False)]
    # A copy from May may still be put back.
    await keeper.destroy(now=JUNE + RETENTION - timedelta(seconds=1))
    assert await epochs(pool) == [("e1", 0, False), ("e2", 1, False)]
    gone = await keeper.destroy(now=JUNE + RETENTION)
    assert gone == ["e1"]
    # The newest is never destroyed, however old.
    assert await keeper.destroy(now=JUNE + 10 * RETENTION) == []
    assert (await (await open_vault(pool, objects, secret=SECRET)).key(alice)).open(sealed) == "hello"


async def test_a_copy_from_before_has_forgotten_the_erased_and_opens_the_living(pool, objects, vault, keeper):
    """What a restored database, the secret key and the object store of today give together."""
    await keeper.keep(now=MAY)
    bob = uuid4()
    await vault.create(bob)
    copy = await rows(pool, "SELECT epoch, wrapped FROM vault.subject_keys WHERE account_id = %s", bob)
    copied_epochs = await rows(pool, "SELECT epoch, object_key FROM vault.epochs")
    await vault.destroy(bob)
    await keeper.keep(now=JUNE)
    restored = "UPDATE vault.subject_keys SET epoch = %s, wrapped = %s, destroyed_at = NULL WHERE account_id = %s RETURNING 1"
    await rows(pool, restored, *copy[0], bob)
    fresh = await open_vault(pool, objects, secret=SECRET)
    assert await fresh.key(bob) is not None
    await vault.destroy(bob)
    await keeper.destroy(now=datetime.now(UTC) + RETENTION)
    await rows(pool, restored, *copy[0], bob)
    assert [copied_epochs[0][0]] == [copy[0][0]]
    assert await stored(objects) == ["e2"]
    later = await open_vault(pool, objects, secret=SECRET)
    with pytest.raises(KeysMissing, match="e1"):
        await later.key(bob)


async def test_however_many_begin_at_once_there_is_one_first_epoch(pool, objects):
    vaults = [await open_vault(pool, objects, secret=SECRET) for _ in range(4)]
    await asyncio.gather(*(vault.create(uuid4()) for vault in vaults))
    assert await epochs(pool) == [("e1", 4, False)]
    assert await stored(objects) == ["e1"]


async def test_many_keepers_do_what_one_does(pool, objects, vault, keeper):
    for _ in range(20):
        await vault.create(uuid4())
    await rows(pool, "UPDATE vault.epochs SET created_at = %s RETURNING 1", MAY)
    others = [KeyKeeper((await open_vault(pool, objects, secret=SECRET)).epochs, retention=RETENTION) for _ in range(3)]
    await asyncio.gather(*(each.keep(now=JUNE) for each in (keeper, *others)))
    await keeper.keep(now=JUNE)
    assert await epochs(pool) == [("e1", 0, False), ("e2", 20, False)]


async def test_nothing_new_hangs_on_an_epoch_that_is_empty_and_old(pool, vault, keeper):
    await keeper.keep(now=MAY)
    await keeper.keep(now=JUNE)
    await vault.create(uuid4())
    assert await epochs(pool) == [("e1", 0, False), ("e2", 1, False)]


async def test_a_store_that_is_away_stops_nobody_who_was_here(pool, objects, vault, monkeypatch):
    account_id = uuid4()
    await vault.create(account_id)
    stranger = uuid4()
    await (await open_vault(pool, objects, secret=SECRET)).create(stranger)

    async def away(key):
        raise AssertionError(f"asked for {key}")

    monkeypatch.setattr(objects, "get", away)
    assert await vault.key(stranger) is not None
    assert await vault.create(uuid4()) is not None


async def test_without_the_object_store_the_secret_key_opens_nothing(pool, vault, tmp_path):
    account_id = uuid4()
    await vault.create(account_id)
    empty = DirectoryStore(tmp_path / "another", public_url="http://daybook.test", signer=TestSigner())
    await empty.prepare()
    with pytest.raises(KeysMissing):
        await (await open_vault(pool, empty, secret=SECRET)).key(account_id)
    await empty.close()


async def test_keys_that_only_another_copy_names_stay_as_long_as_that_could_be_put_back(pool, objects, keeper):
    await keeper.keep(now=datetime.now(UTC))
    await objects.put(f"{PREFIX}e9-0011223344556677.json", b"{}", "application/json")
    await keeper.destroy(now=datetime.now(UTC) + RETENTION)
    assert await stored(objects) == ["e1", "e9"]
    await keeper.destroy(now=datetime.now(UTC) + RETENTION + UNNAMED + timedelta(minutes=1))
    assert await stored(objects) == ["e1"]


async def test_an_end_between_word_and_deed_is_made_good(pool, objects, keeper):
    """Marked as destroyed, and the process is gone before its key is."""
    await keeper.keep(now=datetime.now(UTC))
    await rows(pool, "UPDATE vault.epochs SET emptied_at = now(), destroyed_at = now() RETURNING 1")
    assert await stored(objects) == ["e1"]
    await keeper.destroy(now=datetime.now(UTC))
    assert await stored(objects) == []
