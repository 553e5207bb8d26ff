"""The notary: one tree, whoever works on it and whatever happens in between."""

import asyncio

import psycopg
import pytest

from projections.notary.checkpoint import verified
from projections.notary.checkpoints import latest, page
from projections.notary.keys import public_keys
from projections.notary.leaf import leaf, rows
from projections.notary.notary import LogEmpty, Overtaken
from projections.notary.refusals import CheckpointForged, LogAltered, LogShrunk
from projections.notary.tree import Growth

NODES = "SELECT level, index, hash FROM proofs.nodes ORDER BY level, index"


async def root_of_log(office, size):
    """The root over the log as it stands, without any stored node."""
    growth = Growth()
    for row in await rows(office.conn, after=0, upto=size):
        growth.append(leaf(row))
    assert growth.size == size
    return growth.root


async def test_a_checkpoint_signs_the_root_over_all_events(office):
    head = await office.log(60)
    sealed = await office.sealed()
    said = verified(sealed.note, await public_keys(office.conn))
    assert (said.origin, said.size, said.root) == ("books.example.com/1", head, await root_of_log(office, head))
    assert (sealed.origin, sealed.size, sealed.root) == said


async def test_an_empty_log_is_not_signed(office):
    with pytest.raises(LogEmpty):
        await office.sealed()


async def test_nothing_new_is_not_signed_again(office):
    await office.log(10)
    notary = office.notary()
    assert await office.sealed(notary) == await office.sealed(notary) == await office.sealed()
    assert len(await page(office.conn, limit=10)) == 1


async def test_each_notary_goes_on_where_another_stopped(office):
    """Restarts at every size: nothing but the database is remembered."""
    for step in range(25):
        head = await office.log(3, seed=step)
        sealed = await office.sealed()
        assert (sealed.size, sealed.root) == (head, await root_of_log(office, head))


async def test_killed_between_leaves_and_signature_nothing_is_missing(office):
    head = await office.log(40)
    first = office.notary()
    assert await first.take(office.conn, await first.state(office.conn)) == head
    assert await latest(office.conn) is None
    assert (await office.sealed()).root == await root_of_log(office, head)


async def test_only_large_subtrees_are_stored_and_all_of_them(office):
    head = await office.log(120)
    await office.sealed()
    growth, complete = Growth(), {}
    for row in await rows(office.conn, after=0, upto=head):
        complete.update(growth.append(leaf(row)))
    assert await office.rows(NODES) == sorted((*node, digest) for node, digest in complete.items() if node.level >= 4)
    assert head > 64


async def test_two_notaries_at_once_sign_one_tree(office):
    one, two = office.notary(), office.notary()
    async with await psycopg.AsyncConnection.connect(office.url, autocommit=True) as other:
        for step in range(10):
            head = await office.log(8, seed=step)
            found = await asyncio.gather(one.now(office.conn), two.now(other))
            assert {sealed.size for sealed in found} == {head}
            assert {sealed.note for sealed in found} == {(await latest(office.conn)).note}
    assert (await latest(office.conn)).root == await root_of_log(office, head)
    assert len(await page(office.conn, limit=100)) == 10


async def test_who_was_overtaken_writes_nothing(office):
    head = await office.log(20)
    one = office.notary()
    seen = await one.state(office.conn)
    await office.sealed()
    before = await office.rows(NODES)
    assert await one.take(office.conn, seen) == 0
    assert await office.rows(NODES) == before
    assert (await office.sealed(one)).size == head


async def test_who_signs_holds_the_tree_still(office, monkeypatch):
    """Another notary takes events between the look and the signature."""
    await office.log(20)
    one, two = office.notary(), office.notary()
    await one.take(office.conn, await one.state(office.conn))
    extending = one._extending

    async def meanwhile(conn, last, size):
        grown = await extending(conn, last, size)
        await office.log(5, seed=2)
        await two.take(conn, await two.state(conn))
        return grown

    monkeypatch.setattr(one, "_extending", meanwhile)
    with pytest.raises(Overtaken):
        await one.seal(office.conn)
    assert await latest(office.conn) is None


@pytest.mark.parametrize(
    "loss", ["DELETE FROM proofs.nodes", "DELETE FROM proofs.nodes WHERE level >= 6", "UPDATE proofs.tree SET size = 0"]
)
async def test_lost_nodes_are_made_again_to_the_same_root(office, loss):
    await office.log(150)
    before = await office.sealed()
    nodes = await office.rows(NODES)
    await office.conn.execute(loss.encode())
    head = await office.log(150, seed=2)
    sealed = await office.sealed()
    assert (sealed.size, sealed.root) == (head, await root_of_log(office, head))
    assert set(nodes) <= set(await office.rows(NODES))
    assert before in await page(office.conn, limit=10)


async def test_damaged_nodes_are_mended(office):
    await office.log(150)
    await office.sealed()
    nodes = await office.rows(NODES)
    await office.conn.execute("UPDATE proofs.nodes SET hash = sha256(hash)")
    head = await office.log(3, seed=2)
    assert (await office.sealed()).root == await root_of_log(office, head)
    assert set(nodes) <= set(await office.rows(NODES))


@pytest.mark.parametrize(
    "column", ["actor = 'x'", "correlation = 'x'", "recorded_at = recorded_at + '1 microsecond'", "state = state || ' '"]
)
async def test_an_altered_row_is_found_when_the_tree_is_made_again(office, column):
    await office.log(60)
    first = await office.sealed()
    await office.log(60, seed=2)
    last = await office.sealed()
    await office.conn.execute(f"UPDATE journal.events SET {column} WHERE position = {first.size + 2}".encode())
    with pytest.raises(LogAltered) as refusal:
        await office.notary().mend(office.conn)
    assert (refusal.value.after, refusal.value.size) == (first.size, last.size)
    assert f"positions {first.size + 1} to {last.size}" in str(refusal.value)


async def beside_a_block(office):
    """A log that does not end with a stored subtree, so that its last rows are read again for the next signature."""
    seed = 100
    head = await office.log(60)
    while head % 16 == 0:
        seed += 1
        head = await office.log(1, seed=seed)


async def test_an_altered_row_at_the_end_stops_the_next_signature(office):
    await beside_a_block(office)
    last = await office.sealed()
    await office.conn.execute(f"UPDATE journal.events SET actor = 'x' WHERE position = {last.size}".encode())
    await office.log(10, seed=2)
    for _ in range(2):
        with pytest.raises(LogAltered):
            await office.sealed()
    assert await latest(office.conn) == last


async def test_a_log_that_is_good_again_is_signed_again(office):
    await beside_a_block(office)
    last = await office.sealed()
    await office.conn.execute(f"UPDATE journal.events SET actor = 'x' WHERE position = {last.size}".encode())
    head = await office.log(10, seed=2)
    notary = office.notary()
    with pytest.raises(LogAltered) as refusal:
        await office.sealed(notary)
    await notary.say(office.conn, str(refusal.value))
    await office.conn.execute(f"UPDATE journal.events SET actor = 'test' WHERE position = {last.size}".encode())
    assert (await office.sealed()).size == head
    assert await office.rows("SELECT refusal FROM proofs.tree") == [(None,)]


async def test_after_a_refusal_the_whole_log_is_looked_at_first(office):
    await office.log(60)
    await office.sealed()
    notary = office.notary()
    await office.sealed(notary)
    await office.conn.execute("UPDATE journal.events SET actor = 'x' WHERE position = 1")
    await notary.say(office.conn, "somebody found something")
    await office.log(10, seed=2)
    with pytest.raises(LogAltered):
        await office.sealed(notary)


async def test_a_log_that_became_shorter_is_not_signed(office):
    head = await office.log(60)
    await office.sealed()
    await office.conn.execute("DELETE FROM journal.events WHERE position > 40")
    with pytest.raises(LogShrunk, match=f"ends at position 40, but the database has a checkpoint of {head} events"):
        await office.sealed()


async def test_a_hole_in_the_log_is_not_signed(office):
    await office.log(60)
    await office.conn.execute("DELETE FROM journal.events WHERE position = 7")
    with pytest.raises(LogAltered):
        await office.sealed()
    assert await latest(office.conn) is None


@pytest.mark.parametrize(
    "change", ["root = sha256('x')", "note = replace(note, 'books', 'cooks')", "origin = 'cooks/1'", "size = size - 1"]
)
async def test_an_altered_checkpoint_is_not_built_upon(office, change):
    await office.log(60)
    await office.sealed()
    await office.conn.execute(f"UPDATE proofs.checkpoints SET {change}".encode())
    await office.log(10, seed=2)
    with pytest.raises((CheckpointForged, LogAltered)):
        await office.sealed()
