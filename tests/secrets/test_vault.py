"""Keys: sealed for one account, wrapped by the secret key, destroyed for ever."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.access.refusals import Erased
from infra.secrets.keeping import KeyKeeper
from infra.secrets.keyring import Keyring, UnknownEpoch
from infra.secrets.master import MasterKey
from infra.secrets.sealing import DataKey
from infra.secrets.status import status_of
from infra.secrets.vault import CACHE_KEYS, CACHE_SECONDS, open_vault

SECRET = b"the first secret key of the tests"
NEXT = b"the second secret key of the tests"


def a_key(account_id=None):
    return DataKey(account_id or uuid4(), b"k" * 32)


def test_what_is_sealed_opens_again_and_never_looks_the_same():
    key = a_key()
    texts = [key.seal("Grüße, 世界") for _ in range(2)]
    assert texts[0] != texts[1]
    assert all(text.startswith("s1.") and text.isascii() and "=" not in text for text in texts)
    assert [key.open(text) for text in texts] == ["Grüße, 世界"] * 2


def test_one_accounts_text_is_not_anothers_even_under_the_same_key():
    sealed = a_key().seal("secret")
    with pytest.raises(ValueError, match="somebody else"):
        a_key().open(sealed)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-3] + ("B" if text[-3] == "A" else "A") + text[-2:],
        lambda text: "s2." + text[3:],
        lambda text: "s1.",
        lambda text: "",
    ],
)
def test_an_altered_text_does_not_open(change):
    key = a_key()
    with pytest.raises(ValueError):
        key.open(change(key.seal("secret")))


def test_fingerprint_and_index_depend_on_the_key_and_not_on_each_other():
    one, other = DataKey(uuid4(), b"a" * 32), DataKey(uuid4(), b"b" * 32)
    assert one.fingerprint(b"x") == one.fingerprint(b"x") != other.fingerprint(b"x")
    assert len(one.fingerprint(b"x")) == 32
    assert one.index("x") == one.index("x") != other.index("x")
    assert len(one.index("x")) == 16
    assert one.fingerprint(b"x").hex()[:16] != one.index("x")


def test_each_purpose_has_its_own_key_and_the_id_tells_nothing():
    master = MasterKey(SECRET)
    keys = {master.derive(purpose) for purpose in ("a", "b", "c")}
    assert len(keys) == 3
    assert SECRET not in repr(master).encode()
    assert MasterKey(SECRET).id == master.id != MasterKey(NEXT).id


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="at least"):
        MasterKey(b"short")


def test_signatures_hold_through_a_change_of_the_secret_and_not_longer():
    before, during, after = Keyring(SECRET), Keyring(NEXT, SECRET), Keyring(NEXT)
    signature = before.sign("cursor", b"data")
    assert during.verify("cursor", b"data", signature)
    assert not during.verify("object-url", b"data", signature)
    assert not after.verify("cursor", b"data", signature)
    assert after.verify("cursor", b"data", during.sign("cursor", b"data"))
    assert during.token_keys() == [after.token_keys()[0], before.token_keys()[0]]


async def test_a_key_is_found_again_by_every_process(pool, objects):
    account_id = uuid4()
    one, other = await open_vault(pool, objects, secret=SECRET), await open_vault(pool, objects, secret=SECRET)
    sealed = (await one.create(account_id)).seal("hello")
    assert (await other.key(account_id)).open(sealed) == "hello"
    assert one.email_index("A@Example.com") == other.email_index("a@example.COM")
    assert one.email_index("a@example.com") != one.email_index("b@example.com")


async def test_the_database_holds_no_key_in_the_clear(pool, objects):
    account_id = uuid4()
    vault = await open_vault(pool, objects, secret=SECRET)
    sealed = (await vault.create(account_id)).seal("hello")
    async with pool.connection() as connection:
        query = "SELECT wrapped FROM vault.subject_keys WHERE account_id = %s"
        (wrapped,) = await (await connection.execute(query, [account_id])).fetchone()
    assert len(wrapped) == 12 + 32 + 16
    for stored in (bytes(wrapped)[:32], bytes(wrapped)[12:44], bytes(wrapped)[-32:]):
        with pytest.raises(ValueError):
            DataKey(account_id, stored).open(sealed)


async def test_a_wrapped_key_belongs_to_its_account(pool, objects):
    """Whoever can write the table cannot pass one person's key off as another's."""
    vault = await open_vault(pool, objects, secret=SECRET)
    one, other = uuid4(), uuid4()
    await vault.create(one)
    async with pool.connection() as connection:
        copy = """
            INSERT INTO vault.subject_keys (account_id, epoch, wrapped)
            SELECT %s, epoch, wrapped FROM vault.subject_keys WHERE account_id = %s
        """
        await connection.execute(copy, [other, one])
    with pytest.raises(ValueError):
        await vault.key(other)


async def test_after_the_secret_changes_keys_move_on_and_the_email_index_stays(pool, objects):
    account_id = uuid4()
    before = await open_vault(pool, objects, secret=SECRET)
    sealed, index = (await before.create(account_id)).seal("hello"), before.email_index("a@example.com")
    during = await open_vault(pool, objects, secret=NEXT, previous=SECRET)
    assert (await during.key(account_id)).open(sealed) == "hello"
    assert during.email_index("a@example.com") == index
    assert (await status_of(pool, MasterKey(NEXT).id)).behind == 2
    await KeyKeeper(during.epochs, retention=timedelta(days=35)).rewrap()
    assert (await status_of(pool, MasterKey(NEXT).id)).behind == 0
    moved = await open_vault(pool, objects, secret=NEXT)
    assert (await moved.key(account_id)).open(sealed) == "hello"
    assert moved.email_index("a@example.com") == index


async def test_keys_from_before_there_were_epochs_still_open_and_are_hung_on_one(pool, objects):
    vault, account_id = await open_vault(pool, objects, secret=SECRET), uuid4()
    keyring, key = Keyring(SECRET), b"k" * 32
    async with pool.connection() as connection:
        insert = "INSERT INTO vault.subject_keys (account_id, epoch, wrapped) VALUES (%s, %s, %s)"
        await connection.execute(insert, [account_id, keyring.epoch, keyring.wrap(key, account_id.bytes)])
    sealed = DataKey(account_id, key).seal("old words")
    assert (await vault.key(account_id)).open(sealed) == "old words"
    await KeyKeeper(vault.epochs, retention=timedelta()).keep(now=datetime.now(UTC))
    fresh = await open_vault(pool, objects, secret=SECRET)
    assert (await fresh.key(account_id)).open(sealed) == "old words"
    assert {each.what for each in (await status_of(pool, keyring.epoch)).hanging} == {"key epochs", "standing keys"}


async def test_a_foreign_secret_is_refused_by_name(pool, objects):
    await open_vault(pool, objects, secret=SECRET)
    with pytest.raises(UnknownEpoch, match="DAYBOOK_SECRET_KEY"):
        await open_vault(pool, objects, secret=b"a secret key nobody knows about")


async def test_a_destroyed_key_is_forgotten_by_all_within_a_minute(pool, objects):
    seconds = 0.0
    account_id = uuid4()
    vault = await open_vault(pool, objects, secret=SECRET, monotonic=lambda: seconds)
    key = await vault.create(account_id)
    async with pool.connection() as connection:
        query = "UPDATE vault.subject_keys SET wrapped = NULL, destroyed_at = now() WHERE account_id = %s"
        await connection.execute(query, [account_id])
    assert await vault.key(account_id) is key
    seconds = CACHE_SECONDS + 0.1
    with pytest.raises(Erased):
        await vault.key(account_id)
    with pytest.raises(Erased):
        await vault.key(uuid4())
    assert CACHE_SECONDS <= 60


async def test_a_key_in_use_costs_no_question(pool, objects):
    account_id = uuid4()
    vault = await open_vault(pool, objects, secret=SECRET)
    await vault.create(account_id)
    async with asyncio.timeout(1):
        keys = {id(await vault.key(account_id)) for _ in range(10_000)}
    assert len(keys) == 1
    assert CACHE_KEYS <= 100_000
