"""The tree over balances, against sums made by hand and the tree's definition."""

from uuid import UUID

import pytest

from projections.notary import balances
from projections.notary.balances import Balance, balance_proof, leaf_of, salt_of, sealed_balances
from projections.notary.tree import Growth, root_of_inclusion
from projections.projector import projector

SECRET = b"s" * 32
NOBODY = UUID(int=1)
SUMS = """
    SELECT account_id, coalesce(sum(available), 0)::bigint, coalesce(sum(held), 0)::bigint, coalesce(sum(owed), 0)::bigint
    FROM journal.events e WHERE position <= %s AND account_id IN (
        SELECT account_id FROM journal.events o WHERE o.position <= %s AND (o.topic LIKE 'credits.%%'))
    GROUP BY account_id
"""


async def by_hand(office, position):
    """Balances ordered by the text of the id, and the root over them."""
    rows = await office.rows(SUMS, position, position)
    found = sorted((Balance(*row) for row in rows), key=lambda balance: str(balance.account))
    growth = Growth()
    for balance in found:
        growth.append(leaf_of(balance, salt_of(SECRET, balance.account, position)))
    return found, growth.root


@pytest.fixture(params=[1, 3, 500])
def small_pages(request, monkeypatch):
    monkeypatch.setattr(balances, "PAGE_ACCOUNTS", request.param)


async def test_the_root_is_that_of_all_accounts_as_of_any_position(office, small_pages):
    for seed in range(3):
        head = await office.log(60, seed=seed)
    for position in (1, 2, head // 2, head):
        found, root = await by_hand(office, position)
        sealed = await sealed_balances(office.conn, SECRET, position)
        assert (sealed.root, sealed.accounts) == (root, len(found))
    assert len(found) == 9
    assert any(balance.held for balance in found)


async def test_every_account_has_a_proof_that_leads_to_the_root(office, small_pages):
    for seed in range(3):
        head = await office.log(40, seed=seed)
        found, root = await by_hand(office, head)
        for index, balance in enumerate(found):
            proof = await balance_proof(office.conn, SECRET, balance.account, head, sealed=root)
            assert (proof.balance, proof.number, proof.root) == (balance, index, root)
            assert root_of_inclusion(index, len(found), leaf_of(balance, proof.salt), proof.path) == root
        assert await balance_proof(office.conn, SECRET, NOBODY, head, sealed=root) is None


async def test_an_old_balance_is_proven_from_the_log(office):
    old = await office.log(40)
    before = await sealed_balances(office.conn, SECRET, old)
    (balance, *_), _ = await by_hand(office, old)
    await office.log(80, seed=2)
    assert await sealed_balances(office.conn, SECRET, old) == before
    assert (await balance_proof(office.conn, SECRET, balance.account, old, sealed=before.root)).balance == balance


async def test_running_balances_lead_to_the_same_root_without_the_log(office, small_pages, monkeypatch):
    positions = [await office.log(40, seed=seed) for seed in range(3)]
    await projector(office.url).catch_up()
    roots = {position: (await by_hand(office, position)) for position in (*positions, 2, positions[1] // 2)}
    monkeypatch.setattr(balances, "PAGE", "SELECT 'the log is not asked' / 0")
    for position, (found, root) in roots.items():
        for index, balance in enumerate(found):
            proof = await balance_proof(office.conn, SECRET, balance.account, position, sealed=root)
            assert (proof.balance, proof.number, proof.root) == (balance, index, root)
        assert await balance_proof(office.conn, SECRET, NOBODY, position, sealed=root) is None


FORGERIES = (
    "UPDATE read.ledger_entries_v2 SET available_after = available_after + 1",
    "DELETE FROM read.ledger_entries_v2 WHERE position > 20",
    "UPDATE read.accounts_v1 SET created_position = created_position + 1000",
    "DROP TABLE read.ledger_entries_v2",
)


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_the_log_is_asked_when_the_running_balances_do_not_lead_to_what_was_sealed(office, forgery):
    head = await office.log(40)
    await projector(office.url).catch_up()
    found, root = await by_hand(office, head)
    await office.conn.execute(forgery)
    for index, balance in enumerate(found):
        proof = await balance_proof(office.conn, SECRET, balance.account, head, sealed=root)
        assert (proof.balance, proof.number, proof.root) == (balance, index, root)


def test_a_salt_is_another_for_each_secret_account_and_position():
    salts = {salt_of(secret, UUID(int=account), position) for secret in (b"a", b"b") for account in (1, 11) for position in (1, 11)}
    assert len(salts) == 8
    assert {len(salt) for salt in salts} == {32}
