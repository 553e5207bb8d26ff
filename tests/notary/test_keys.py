"""The keys: wrapped, rotated, and never two at once."""

import asyncio

import psycopg
import pytest

from daybook.notarial import KeyringWrapping
from domain.notary.ports import WrappedKeyLost
from infra.secrets.keyring import Keyring, UnknownEpoch
from projections.notary.checkpoint import verified
from projections.notary.checkpoints import page
from projections.notary.keys import all_keys, keep_up, public_keys, rotate, signing_key
from projections.notary.notary import Notary
from projections.notary.refusals import SigningKeyLost
from tests.notary.conftest import SECRET, nothing_remembered

NEXT = b"the next secret key of the notary's tests"
NAME = "books.example.com"


async def test_the_private_half_stands_nowhere_in_the_clear(office):
    key = await signing_key(office.conn, Keyring(SECRET), NAME)
    dump = str(await office.rows("SELECT k::text, encode(wrapped, 'hex'), encode(public, 'hex') FROM proofs.keys k"))
    assert key.private.hex() not in dump
    assert (await public_keys(office.conn))[0].public.hex() in dump
    assert (len(key.private), key.name) == (32, NAME)


async def test_many_at_once_make_one_key(office):
    async def found():
        async with await psycopg.AsyncConnection.connect(office.url, autocommit=True) as conn:
            return await signing_key(conn, Keyring(SECRET), NAME)

    assert len(set(await asyncio.gather(*(found() for _ in range(8))))) == 1
    assert len(await public_keys(office.conn)) == 1


async def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_checks(office):
    await office.log(10)
    old = await office.sealed()
    await rotate(office.conn, Keyring(SECRET), NAME)
    await office.log(10, seed=2)
    new = await office.sealed()
    first, second = await public_keys(office.conn)
    assert first.key_id != second.key_id
    assert verified(old.note, [first]).size == old.size
    assert verified(new.note, [second]).size == new.size
    assert [row.size for row in await page(office.conn, limit=10)] == [old.size, new.size]


async def test_a_retired_key_can_sign_no_more(office):
    await signing_key(office.conn, Keyring(SECRET), NAME)
    await rotate(office.conn, Keyring(SECRET), NAME)
    retired, current = await all_keys(office.conn)
    assert (retired.retired_at is None, current.retired_at) == (False, None)
    assert await office.rows("SELECT wrapped IS NULL FROM proofs.keys ORDER BY number") == [(True,), (False,)]


async def test_many_rotations_at_once_leave_one_key_that_signs(office):
    await signing_key(office.conn, Keyring(SECRET), NAME)

    async def turned():
        async with await psycopg.AsyncConnection.connect(office.url, autocommit=True) as conn:
            await rotate(conn, Keyring(SECRET), NAME)

    await asyncio.gather(*(turned() for _ in range(4)))
    assert await office.rows("SELECT count(*) FROM proofs.keys WHERE retired_at IS NULL") == [(1,)]
    assert (await signing_key(office.conn, Keyring(SECRET), NAME)).name == NAME


async def test_a_rotation_may_give_the_log_another_name(office):
    await office.log(10)
    await office.sealed()
    await rotate(office.conn, Keyring(SECRET), "ledger.example.com")
    await office.log(10, seed=2)
    assert (await office.sealed()).origin == "ledger.example.com/1"


async def test_the_key_goes_through_a_change_of_the_secret_key(office):
    before = await signing_key(office.conn, Keyring(SECRET), NAME)
    with pytest.raises(UnknownEpoch):
        await signing_key(office.conn, Keyring(NEXT), NAME)
    assert await signing_key(office.conn, Keyring(NEXT, previous=SECRET), NAME) == before
    assert await signing_key(office.conn, Keyring(NEXT), NAME) == before
    with pytest.raises(UnknownEpoch):
        await signing_key(office.conn, Keyring(SECRET), NAME)


async def test_signing_goes_on_under_the_next_secret_key(office):
    await office.log(10)
    await office.sealed()
    await office.log(10, seed=2)
    await office.sealed(office.notary(secret=NEXT, previous=SECRET))
    await office.log(10, seed=3)
    last = await office.sealed(office.notary(secret=NEXT))
    assert verified(last.note, await public_keys(office.conn)).size == last.size
    assert len(await public_keys(office.conn)) == 1


async def test_a_private_half_does_not_pass_for_that_of_another_key(office):
    await signing_key(office.conn, Keyring(SECRET), NAME)
    await office.conn.execute("UPDATE proofs.keys SET public = sha256('x')")
    with pytest.raises(ValueError, match="does not open"):
        await signing_key(office.conn, Keyring(SECRET), NAME)


def keyring(secret, previous=None):
    """As a process has it."""
    return KeyringWrapping(Keyring(secret, previous))


async def test_a_lost_secret_key_stops_the_signatures_and_nothing_else(office):
    await office.log(10)
    await office.sealed()
    head = await office.log(10, seed=2)
    lost = Notary(keyring(NEXT), name=NAME, remembered=nothing_remembered)
    with pytest.raises(SigningKeyLost, match="audit key --rotate"):
        await lost.now(office.conn)
    await rotate(office.conn, keyring(NEXT), NAME)
    sealed = await lost.now(office.conn)
    assert (sealed.size, verified(sealed.note, await public_keys(office.conn)).size) == (head, head)


async def test_a_key_that_nobody_uses_is_kept_up_with_the_secret_key(office):
    await keep_up(office.conn, keyring(SECRET))
    assert await public_keys(office.conn) == []
    key = await signing_key(office.conn, keyring(SECRET), NAME)
    await keep_up(office.conn, keyring(NEXT, previous=SECRET))
    assert await signing_key(office.conn, keyring(NEXT), NAME) == key
    with pytest.raises(WrappedKeyLost):
        await keep_up(office.conn, keyring(SECRET))
