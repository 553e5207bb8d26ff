"""The callers' own provider keys at rest: bound to account, provider and id; through every change of keys; gone when they shall be."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.access.refusals import Erased
from domain.provider_keys.commands import RemoveProviderKey, SetProviderKey
from infra.secrets.keeping import KeyKeeper
from infra.secrets.own_keys import PostgresOwnKeys
from infra.secrets.status import status_of
from infra.secrets.vault import open_vault
from tests.support.journal import context, journal_world, new_id

OLD = b"the old secret key of these tests"
NEW = b"the new secret key of these tests"
KEY = "r8_anything-that-nobody-may-read"


@pytest.fixture
async def world(fresh_database_url):
    async with journal_world(fresh_database_url) as opened:
        yield opened


@pytest.fixture
async def vault(world, objects):
    return await open_vault(world.pool, objects, secret=OLD)


@pytest.fixture
def own_keys(world, vault):
    return PostgresOwnKeys(world.pool, world.journal, vault)


async def someone(world, vault, own_keys, provider="replicate", key=KEY):
    """An account with a key."""
    account_id, key_id = new_id(), new_id()
    await vault.create(account_id)
    await own_keys.keep(account_id, provider, key_id, key)
    await world.journal.execute(SetProviderKey(account_id=account_id, provider=provider, key_id=key_id), context())
    return account_id, key_id


async def test_the_database_holds_nothing_that_can_be_read(world, vault, own_keys):
    account_id, _ = await someone(world, vault, own_keys)
    assert await own_keys.key(account_id, "replicate") == KEY
    assert await own_keys.key(account_id, "fal") is None
    assert await own_keys.key(new_id(), "replicate") is None
    tables = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('journal', 'vault', 'dispatch', 'read')"
    for schema, table in await world.rows(tables):
        assert await world.rows(f"SELECT 1 FROM {schema}.{table} t WHERE t::text LIKE %s", f"%{KEY[3:20]}%") == []


async def test_what_was_moved_to_another_account_or_provider_or_key_does_not_open(world, vault, own_keys):
    alice, first = await someone(world, vault, own_keys)
    bob, second = await someone(world, vault, own_keys, key="r8_of-bob-and-nobody-else")
    swap = (
        "UPDATE vault.provider_keys SET sealed = (SELECT sealed FROM vault.provider_keys WHERE key_id = %s) WHERE key_id = %s RETURNING 1"
    )
    await world.rows(swap, first, second)
    with pytest.raises(ValueError, match="somebody else"):
        await own_keys.key(bob, "replicate")
    carol, third = await someone(world, vault, own_keys, provider="fal")
    await own_keys.keep(carol, "replicate", fourth := new_id(), KEY)
    await world.rows(swap, fourth, third)
    with pytest.raises(ValueError, match="altered"):
        await own_keys.key(carol, "fal")
    assert await own_keys.key(alice, "replicate") == KEY


async def test_a_change_of_the_secret_key_and_of_the_epoch_leaves_them_readable(world, objects, vault, own_keys):
    account_id, _ = await someone(world, vault, own_keys)
    changing = await open_vault(world.pool, objects, secret=NEW, previous=OLD)
    keeper = KeyKeeper(changing.epochs, retention=timedelta(days=35))
    await keeper.keep(now=datetime.now(UTC) + timedelta(days=40))
    await keeper.destroy(now=datetime.now(UTC) + timedelta(days=80))
    after = await open_vault(world.pool, objects, secret=NEW)
    assert (await status_of(world.pool, after.epochs.keyring.epoch)).behind == 0
    assert await PostgresOwnKeys(world.pool, world.journal, after).key(account_id, "replicate") == KEY


async def test_an_erasure_takes_them_along_and_nothing_can_be_added_after_it(world, objects, vault, own_keys):
    account_id, _ = await someone(world, vault, own_keys)
    other, _ = await someone(world, vault, own_keys)
    elsewhere = await open_vault(world.pool, objects, secret=OLD)
    await elsewhere.destroy(account_id)
    assert await world.rows("SELECT account_id FROM vault.provider_keys") == [(other,)]
    # This process still remembers the data key.
    with pytest.raises(Erased):
        await own_keys.keep(account_id, "fal", new_id(), KEY)
    assert await own_keys.key(account_id, "replicate") is None
    assert await own_keys.key(other, "replicate") == KEY


async def test_a_key_counts_only_while_the_log_names_it(world, vault, own_keys):
    account_id, first = await someone(world, vault, own_keys)
    await own_keys.keep(account_id, "replicate", left_over := new_id(), "r8_never-set")
    assert await own_keys.key(account_id, "replicate") == KEY
    await own_keys.drop(account_id, [])
    assert len(await world.rows("SELECT 1 FROM vault.provider_keys")) == 2
    aged = "UPDATE vault.provider_keys SET created_at = now() - interval '2 hours' RETURNING 1"
    await world.rows(aged)
    await own_keys.drop(account_id, [])
    assert await world.rows("SELECT key_id FROM vault.provider_keys") == [(first,)], left_over
    await own_keys.drop(account_id, [first])
    assert await own_keys.key(account_id, "replicate") is None
    await world.journal.execute(RemoveProviderKey(account_id=account_id, provider="replicate"), context())
    assert await own_keys.key(account_id, "replicate") is None


async def test_what_a_stopped_process_left_is_swept_in_every_account_and_nothing_else(world, vault, own_keys, monkeypatch):
    monkeypatch.setattr("infra.secrets.own_keys.PAGE", 2)
    people = [await someone(world, vault, own_keys) for _ in range(5)]
    for account_id, _ in people:
        await own_keys.keep(account_id, "replicate", new_id(), "left behind")
    fresh = new_id()
    async with world.pool.connection() as connection:
        await connection.execute("UPDATE vault.provider_keys SET created_at = created_at - interval '61 minutes'")
    await own_keys.keep(people[0][0], "fal", fresh, "its fact is on its way")
    assert await own_keys.sweep() == 5
    async with world.pool.connection() as connection:
        rows = await (await connection.execute("SELECT key_id FROM vault.provider_keys")).fetchall()
    assert {row[0] for row in rows} == {key_id for _, key_id in people} | {fresh}
    assert await own_keys.key(people[4][0], "replicate") == KEY
