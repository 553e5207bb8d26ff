"""Proofs, checked here with nothing but the words of their format."""

import hashlib
import json
import struct
from base64 import b64decode, b64encode

import pytest

from infra.secrets.keyring import Keyring
from projections.notary.balances import salt_of
from projections.notary.checkpoint import verified
from projections.notary.keys import public_keys, rotate
from projections.notary.proof_refusals import (
    AccountNotSealed,
    BalancesNotSealed,
    CheckpointNotFound,
    EntryNotFound,
    NotYetNotarised,
    SealedLogDiffers,
    TreeIncomplete,
)
from projections.notary.prove import prove_balance, prove_consistency, prove_entry
from projections.notary.sealing import Sealing
from tests.notary.conftest import SECRET
from tests.support.journal import TestClock, journal_world, new_id

SALT = b"s" * 32


class Ids:
    def new(self):
        return new_id()


def opened(data):
    """The proof: one canonical JSON object and a line break."""
    proof = json.loads(data)
    assert data == json.dumps(proof, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    assert proof["format"] == "daybook-proof/1"
    return proof


def sha(data):
    return hashlib.sha256(data).digest()


def part(value):
    """One value of a leaf."""
    if value is None:
        return b"\xff" * 4
    raw = value if isinstance(value, bytes) else str(value).encode()
    return struct.pack(">I", len(raw)) + raw


def leaf_of(event):
    """The leaf of an event object."""
    words = {True: "true", False: "false"}
    values = []
    for name, value in event.items():
        if name == "state":
            value = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        elif name == "fingerprint" and value is not None:
            value = bytes.fromhex(value)
        values.append(words[value] if isinstance(value, bool) else value)
    return sha(b"\x00" + b"".join(part(value) for value in values))


ORDER = (
    "position", "stream", "version", "topic", "recorded_at", "actor", "account_id", "correlation", "causation", "command_id", "first",
    "fingerprint", "status", "result", "available", "held", "owed", "outside", "book", "state",
)  # fmt: skip


def root_from(index, size, leaf, path):
    """RFC 9162, 2.1.3.2, as it stands there."""
    fn, sn, r = index, size - 1, leaf
    for p in path:
        assert sn != 0
        if fn & 1 or fn == sn:
            r = sha(b"\x01" + p + r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha(b"\x01" + r + p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return r


async def head_of(office, note):
    return verified(note, await public_keys(office.conn))


def checked_entry(event, path, head):
    event = {name: event[name] for name in ORDER}
    assert root_from(event["position"] - 1, head.size, leaf_of(event), [b64decode(each) for each in path]) == head.root


async def test_every_entry_has_a_proof(office):
    size = await office.log(40)
    await office.sealed()
    for position in range(1, size + 1):
        proof = opened(await prove_entry(office.conn, position))
        assert (proof["type"], proof["entry"]["position"]) == ("entry", position)
        checked_entry(proof["entry"], proof["path"], await head_of(office, proof["checkpoint"]))


async def test_an_entry_is_refused_by_name(office):
    with pytest.raises(EntryNotFound):
        await prove_entry(office.conn, 1)
    head = await office.log(20)
    with pytest.raises(NotYetNotarised) as refusal:
        await prove_entry(office.conn, head)
    assert refusal.value.retryable
    await office.sealed()
    later = await office.log(5, seed=2)
    with pytest.raises(NotYetNotarised):
        await prove_entry(office.conn, later)
    for position in (0, -1, later + 1, 2**62):
        with pytest.raises(EntryNotFound):
            await prove_entry(office.conn, position)


async def test_an_altered_row_has_no_proof_and_says_so(office):
    await office.log(40)
    await office.sealed()
    await office.conn.execute("UPDATE journal.events SET actor = 'x' WHERE position = 20")
    with pytest.raises(SealedLogDiffers, match="Position 20"):
        await prove_entry(office.conn, 20)


async def test_lost_nodes_are_a_matter_of_time(office):
    await office.log(150)
    await office.sealed()
    await office.conn.execute("DELETE FROM proofs.nodes")
    with pytest.raises(TreeIncomplete):
        await prove_entry(office.conn, 20)
    await office.notary().mend(office.conn)
    assert opened(await prove_entry(office.conn, 20))["entry"]["position"] == 20


async def test_any_two_checkpoints_have_a_consistency_proof(office):
    sizes = []
    for seed in range(6):
        await office.log(9, seed=seed)
        sizes.append((await office.sealed()).size)
    for old in sizes:
        for new in [size for size in sizes if size >= old]:
            proof = opened(await prove_consistency(office.conn, old, new))
            assert set(proof) == {"format", "type", "from", "to", "path"}
            assert ((await head_of(office, proof["from"])).size, (await head_of(office, proof["to"])).size) == (old, new)
            assert (old == new) == (proof["path"] == [])
    assert opened(await prove_consistency(office.conn, sizes[0], None)) == opened(await prove_consistency(office.conn, sizes[0], sizes[-1]))
    with pytest.raises(CheckpointNotFound):
        await prove_consistency(office.conn, sizes[0] + 1, None)


async def test_a_sealed_balance_has_a_proof(office, fresh_database_url):
    await office.log(60)
    account = (await office.rows("SELECT account_id FROM journal.events WHERE available IS NOT NULL LIMIT 1"))[0][0]
    with pytest.raises(BalancesNotSealed):
        await prove_balance(office.conn, account, SALT)
    async with journal_world(fresh_database_url) as world:
        sealing = Sealing(world.journal, world.pool, SALT, clock=TestClock(), ids=Ids())
        receipt = await sealing.seal()
    await office.sealed()
    proof = opened(await prove_balance(office.conn, account, SALT))
    head = await head_of(office, proof["checkpoint"])
    checked_entry(proof["seal"], proof["seal_path"], head)
    assert (proof["seal"]["topic"], proof["seal"]["position"]) == ("notary.balances_sealed", receipt.position)
    sums = await office.rows(
        "SELECT sum(available)::bigint, sum(held)::bigint, sum(owed)::bigint FROM journal.events WHERE account_id = %s", account
    )
    balance, seal = proof["balance"], proof["seal"]["state"]
    assert (balance["available"], balance["held"], balance["owed"]) == sums[0]
    assert balance["salt"] == b64encode(salt_of(SALT, account, seal["position"])).decode()
    values = [b64decode(balance["salt"]), balance["account"], balance["available"], balance["held"], balance["owed"]]
    leaf = sha(b"\x00" + b"".join(part(value) for value in values))
    path = [b64decode(each) for each in proof["path"]]
    assert b64encode(root_from(balance["index"], seal["accounts"], leaf, path)).decode() == seal["root"]
    with pytest.raises(AccountNotSealed):
        await prove_balance(office.conn, new_id(), SALT)
    with pytest.raises(SealedLogDiffers):
        await prove_balance(office.conn, account, b"another secret" * 2)


async def test_proofs_of_before_a_rotation_stay_good(office):
    await office.log(20)
    old = (await office.sealed()).size
    before = await prove_entry(office.conn, 3)
    await rotate(office.conn, Keyring(SECRET), "books.example.com")
    await office.log(20, seed=2)
    await office.sealed()
    after = await prove_entry(office.conn, 3)
    assert len(await public_keys(office.conn)) == 2
    for data in (before, after):
        checked_entry(json.loads(data)["entry"], json.loads(data)["path"], await head_of(office, json.loads(data)["checkpoint"]))
    assert opened(await prove_consistency(office.conn, old, None))["from"] == json.loads(before)["checkpoint"]
