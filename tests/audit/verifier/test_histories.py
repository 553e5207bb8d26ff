"""Random histories with every kind of fact, debts and reversals too: the verifier adds up the same balances as the domain."""

import random
from contextlib import asynccontextmanager

import pytest

from domain.kernel.ids import credit_stream
from infra.secrets.keyring import Keyring
from projections.log.export import exported
from projections.notary.keys import public_keys
from projections.notary.notary import Notary
from tests.support.verifying import in_process

STEPS, SEALS = 60, 8


async def remember_nothing(conn):
    return None


class Office:
    """What an auditor gets from a library: signatures as time goes by, keys, and exports."""

    def __init__(self, library, place):
        self.library, self.place = library, place
        self.notary = Notary(Keyring(b"the secret key of the histories"), name="daybook.local", remembered=remember_nothing)

    async def seal(self):
        await self.library.book.flush(self.library.conn)
        return await self.notary.now(self.library.conn)

    async def keys(self):
        path = self.place / "keys.txt"
        path.write_text("".join(f"{key.vkey}\n" for key in await public_keys(self.library.conn)))
        return path

    async def export(self, account_id=None):
        @asynccontextmanager
        async def connect():
            yield self.library.conn

        path = self.place / "export.ndjson"
        blocks = [block.lines async for block in exported(connect, log_name="daybook.local", page_events=100, account_id=account_id)]
        path.write_bytes(b"".join(blocks))
        return path


@pytest.mark.parametrize("seed", range(2))
async def test_every_account_has_the_balance_of_its_aggregate(verifier, library, tmp_path, seed):
    office, history = Office(library, tmp_path), library.busy_history(seed, STEPS)
    notes = []
    for _ in range(SEALS):
        history.run(STEPS)
        notes.append((await office.seal()).note)
    history.run(3)
    await library.book.flush(library.conn)
    keys, export = await office.keys(), await office.export()
    (tmp_path / "note").write_text(random.Random(seed).choice(notes), encoding="utf-8")
    for account_id in history.accounts:
        credits = library.book.credits(account_id)
        expected = f"account {account_id} after entry {len(library.book.rows)}: {told(credits)}"
        said = in_process(verifier, export, "--key", keys, "--checkpoint", tmp_path / "note", "--account", account_id)
        assert (said.code, said.err) == (0, "")
        assert expected in said.out
    assert {row["topic"] for row in library.book.rows} >= {"credits.debt_incurred", "credits.grant_revoked", "credits.grant_expired"}


@pytest.mark.parametrize("seed", range(2))
async def test_every_account_proves_itself(verifier, library, tmp_path, seed):
    office, history = Office(library, tmp_path), library.busy_history(seed, STEPS)
    await office.seal()
    history.run(STEPS)
    await library.book.flush(library.conn)
    keys = await office.keys()
    for account_id in history.accounts:
        said = in_process(verifier, await office.export(str(account_id)), "--key", keys)
        assert (said.code, said.err) == (0, "")
        assert told(library.book.credits(account_id)) in said.out
        assert any(row["stream"] == credit_stream(account_id) for row in library.book.rows)


def told(credits):
    """The book's side of it: what is due to lapse is there until it has lapsed."""
    available, held = sum(grant["free"] for grant in credits.grants.values()), sum(hold["amount"] for hold in credits.holds.values())
    return f"available {available}, held {held}, owed {credits.owed}"
