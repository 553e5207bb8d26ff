"""When the notary signs, and what it does when it must not."""

import pytest

from domain.assets.storage import StoreUnavailable
from projections.notary import sink as sinks
from projections.notary.checkpoints import page
from projections.notary.sink import REFUSED_SECONDS_MIN, STORE_SECONDS, NotarySink


class Watch:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def watch(monkeypatch):
    monkeypatch.setattr(sinks, "LOOK_SECONDS", 0.0)
    return Watch()


def sink_of(office, watch, *, events=1_000_000, seconds=10.0, **notary):
    return NotarySink(office.notary(**notary), every_events=events, every_seconds=seconds, monotonic=watch)


async def stepped(office, sink):
    """Step until there is nothing to do. The sizes of all checkpoints."""
    for _ in range(100):
        if await sink.step(office.conn) == 0:
            return [row.size for row in await page(office.conn, limit=1_000)]
    raise AssertionError("it never rests")


async def test_the_first_events_are_signed_at_once_and_the_next_after_the_seconds(office, watch):
    sink = sink_of(office, watch)
    first = await office.log(5)
    assert await stepped(office, sink) == [first]
    second = await office.log(5, seed=2)
    watch.now += 9
    assert await stepped(office, sink) == [first]
    watch.now += 1
    assert await stepped(office, sink) == [first, second]
    watch.now += 100
    assert await stepped(office, sink) == [first, second]


async def test_many_events_are_signed_before_the_seconds_have_passed(office, watch):
    sink = sink_of(office, watch, events=20)
    sizes = [await office.log(5)]
    assert await stepped(office, sink) == sizes
    for seed in range(2, 6):
        head = await office.log(10, seed=seed)
        if head - sizes[-1] >= 20:
            sizes.append(head)
        assert await stepped(office, sink) == sizes
    assert len(sizes) > 1


async def test_a_long_log_is_signed_page_by_page(office, watch, monkeypatch):
    monkeypatch.setattr("projections.notary.notary.PAGE_EVENTS", 16)
    head = await office.log(150)
    sink = sink_of(office, watch, events=32)
    assert await stepped(office, sink) == [*range(32, head, 32)]
    watch.now += 10
    assert (await stepped(office, sink))[-1] == head


async def test_the_lag_is_told_after_each_look(office, watch):
    sink, told = sink_of(office, watch), []
    sink.on_look = lambda lag, sealed: told.append((lag, sealed))
    first = await office.log(5)
    await stepped(office, sink)
    head = await office.log(5, seed=2)
    await stepped(office, sink)
    assert told[:2] == [(first, 0), (0, first)]
    assert told[-1] == (head - first, first)


async def test_a_refusal_is_said_once_and_looked_at_again_later(office, watch, caplog):
    refusals = []
    sink = sink_of(office, watch)
    sink.on_refusal = lambda: refusals.append(watch.now)
    await office.log(40)
    sizes = await stepped(office, sink)
    await office.conn.execute("UPDATE journal.events SET actor = 'x' WHERE position = 1")
    watch.now += 10
    assert await stepped(office, sink) == sizes
    assert "positions 1 to" in caplog.text and "the notary does not sign" in caplog.text
    assert "log was altered" in (await office.rows("SELECT refusal FROM proofs.tree"))[0][0]
    await office.log(10, seed=2)
    assert await stepped(office, sink) == sizes
    assert len(refusals) == 1
    await office.conn.execute("UPDATE journal.events SET actor = 'test' WHERE position = 1")
    watch.now += REFUSED_SECONDS_MIN
    assert len(await stepped(office, sink)) == 2
    assert await office.rows("SELECT refusal FROM proofs.tree") == [(None,)]


async def test_a_refusal_holds_for_a_notary_that_is_started_after_it(office, watch):
    sink = sink_of(office, watch)
    await office.log(40)
    sizes = await stepped(office, sink)
    await office.conn.execute("UPDATE journal.events SET actor = 'x' WHERE position = 1")
    watch.now += 10
    await stepped(office, sink)
    await office.log(10, seed=2)
    assert await stepped(office, sink_of(office, watch)) == sizes


async def test_whatever_is_altered_anywhere_is_found_without_being_asked_for(office, watch, monkeypatch):
    monkeypatch.setattr("projections.notary.patrol.EVENTS", 32)
    monkeypatch.setattr("projections.notary.patrol.LEVEL", 5)
    found = []
    head = await office.log(150)
    sink = sink_of(office, watch, seconds=1.0)
    sink.on_refusal = lambda: found.append(watch.now)
    await stepped(office, sink)
    await office.conn.execute(f"UPDATE journal.events SET actor = 'x' WHERE position = {head // 16 * 16 - 5}".encode())
    for _ in range(head // 32 + 2):
        watch.now += 1
        await sink.step(office.conn)
    assert len(found) == 1


async def test_a_damaged_tree_is_mended_on_the_way(office, watch):
    nodes = "SELECT level, index, hash FROM proofs.nodes ORDER BY 1, 2"
    await office.log(150)
    sink = sink_of(office, watch, seconds=1.0)
    await stepped(office, sink)
    before = await office.rows(nodes)
    await office.conn.execute("DELETE FROM proofs.nodes WHERE level = 4 AND index = 1")
    await office.conn.execute("UPDATE proofs.nodes SET hash = sha256(hash) WHERE level = 5 AND index = 1")
    watch.now += 1
    await stepped(office, sink)
    assert await office.rows(nodes) == before


async def test_a_tree_that_begins_again_is_made_up_to_what_is_signed(office, watch):
    """As after an import, or when somebody has emptied the tables; nothing new need happen for it."""
    head = await office.log(60)
    sizes = await stepped(office, sink_of(office, watch))
    await office.conn.execute("DELETE FROM proofs.nodes; UPDATE proofs.tree SET size = 0")
    assert await stepped(office, sink_of(office, watch)) == sizes
    assert await office.rows("SELECT size FROM proofs.tree") == [(head,)]


async def test_a_store_that_cannot_be_asked_delays_the_first_signature_only(office, watch, caplog):
    away = True

    async def remembered(conn):
        if away:
            raise StoreUnavailable(retry_after=1)
        return

    sink = sink_of(office, watch, remembered=remembered)
    head = await office.log(10)
    assert await stepped(office, sink) == []
    assert "waits for the object store" in caplog.text
    away = False
    watch.now += STORE_SECONDS
    assert await stepped(office, sink) == [head]
    away = True
    more = await office.log(10, seed=2)
    watch.now += 10
    assert await stepped(office, sink) == [head, more]
