"""Files that the running system gives to an auditor, checked with what he has beside them: the public key and verify_proof.py."""

import hashlib

import psycopg
import pytest
import pytest_asyncio

from infra.secrets.keyring import Keyring
from projections.notary.balances import SALTS
from projections.notary.notary import Notary
from projections.notary.sealing import Sealing
from tests.support.verifying import alone, bare_packages, in_process, loaded

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def remember_nothing(conn):
    return None


async def signed(house, database_url):
    """Seal all balances, and sign all that is in the log."""
    platform = house.platform
    secret = await platform.vault.standing(SALTS)
    await Sealing(platform.journal, platform.reads, secret, clock=platform.clock, ids=platform.ids).seal()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        return await Notary(Keyring(b"an auditor's test"), name="daybook.local", remembered=remember_nothing).now(conn)


class Auditor:
    """Has a token, and a directory for what it gets with it."""

    def __init__(self, house, person, place):
        self.client, self.headers, self.place = house.client, person.headers, place
        self.verifier = loaded()

    async def json(self, path):
        answer = await self.client.get(f"/v1/audit/{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def file(self, path, name):
        answer = await self.client.get(f"/v1/audit/{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        (self.place / name).write_bytes(answer.content)
        return self.place / name

    async def keys(self):
        path = self.place / "daybook.key"
        path.write_text("".join(f"{key['vkey']}\n" for key in (await self.json("public-keys"))["data"]))
        return path

    async def remembered(self):
        path = self.place / "remembered"
        path.write_text((await self.json("checkpoints/latest"))["note"], encoding="utf-8")
        return path

    def said(self, *words):
        return in_process(self.verifier, *words)


@pytest_asyncio.fixture(loop_scope="module")
async def auditor(house, tmp_path):
    return Auditor(house, await house.person("auditor"), tmp_path)


@pytest_asyncio.fixture(loop_scope="module")
async def spender(house):
    """Somebody with a book: a grant, and two charges."""
    person = await house.person(credits=40)
    await house.finished(person)
    await house.finished(person)
    return person


async def test_an_entry_and_a_balance_are_checked_with_a_file_and_a_key(house, auditor, spender, database_url, tmp_path):
    await signed(house, database_url)
    keys, balance = await auditor.keys(), await auditor.file(f"proofs/balance/{spender.account_id}", "balance.json")
    charged = (await auditor.json(f"entries?account={spender.account_id}&type=credits.hold_captured"))["data"][0]["position"]
    entry = await auditor.file(f"proofs/entry/{charged}", "entry.json")
    place = tmp_path / "packages"
    place.mkdir()
    shown = alone(bare_packages(place), entry, "--key", keys)
    assert shown.code == 0, shown.err
    assert f"entry {charged}: credits.hold_captured, account {spender.account_id}" in shown.out
    shown = auditor.said(balance, "--key", keys)
    assert shown.code == 0, shown.err
    assert f"account {spender.account_id} after entry" in shown.out and "available 30, held 0, owed 0" in shown.out


async def test_the_export_alone_answers_for_every_entry_and_every_balance(house, auditor, spender, database_url):
    await signed(house, database_url)
    remembered, keys = await auditor.remembered(), await auditor.keys()
    await house.finished(spender)
    last = await signed(house, database_url)
    export = await auditor.file("export", "log.ndjson")
    shown = auditor.said(export, "--key", keys, "--checkpoint", remembered, "--account", spender.account_id)
    assert shown.code == 0, shown.err
    assert f"ok: all {last.size} entries are in the log daybook.local/1 as signed at size {last.size}" in shown.out
    assert "available 25, held 0, owed 0" in shown.out
    # An entry says the same in the export as in a proof of its own.
    for position in range(1, last.size + 1, 7):
        proof = await auditor.file(f"proofs/entry/{position}", "entry.json")
        alone_said = auditor.said(proof, "--key", keys).out.splitlines()[1]
        assert alone_said in auditor.said(export, "--key", keys, "--position", position).out.splitlines()


async def test_the_export_of_an_account_proves_itself(house, auditor, spender, database_url):
    await signed(house, database_url)
    keys = await auditor.keys()
    await house.finished(spender)
    export = await auditor.file(f"export?account={spender.account_id}", "account.ndjson")
    shown = auditor.said(export, "--key", keys)
    assert shown.code == 0, shown.err
    assert f"entries of account {spender.account_id} are in the log daybook.local/1" in shown.out
    assert "its ledger has no gap; later ones" in shown.out and "available 25, held 0, owed 0" in shown.out


async def test_the_log_only_grew_since_what_was_remembered(house, auditor, database_url):
    first = await signed(house, database_url)
    remembered = await auditor.remembered()
    await house.person()
    last = await signed(house, database_url)
    keys, proof = await auditor.keys(), await auditor.file(f"consistency?from={first.size}", "consistency.json")
    shown = auditor.said(proof, "--key", keys, "--checkpoint", remembered)
    assert shown.code == 0, shown.err
    assert f"of {last.size} entries begins with the {first.size} entries" in shown.out


async def test_a_change_in_the_database_is_found_with_the_file_alone(house, auditor, spender, database_url):
    """Whoever may write the tables may not write signatures."""
    await signed(house, database_url)
    keys = await auditor.keys()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        row = await (await conn.execute("SELECT max(position) FROM journal.events WHERE account_id = %s", [spender.account_id])).fetchone()
        await conn.execute("UPDATE journal.events SET actor = 'nobody' WHERE position = %s", row)
        export = await auditor.file("export", "log.ndjson")
        entry = await auditor.client.get(f"/v1/audit/proofs/entry/{row[0]}", headers=auditor.headers)
        await conn.execute("UPDATE journal.events SET actor = %s WHERE position = %s", [f"account:{spender.account_id}", row[0]])
    assert "was changed: the checkpoint has another root" in auditor.said(export, "--key", keys).err
    assert (entry.status_code, entry.json()["code"]) == (409, "sealed_log_differs")


async def test_the_program_that_is_served_is_the_one_that_was_tested(house, auditor):
    served = await auditor.file("verifier", "verify_proof.py")
    answer = await house.client.head("/v1/audit/verifier", headers=auditor.headers)
    assert answer.headers["etag"].strip('"') == hashlib.sha256(served.read_bytes()).hexdigest()
    assert served.read_bytes() == (await house.client.get("/v1/audit/verifier", headers=auditor.headers)).content
