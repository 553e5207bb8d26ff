"""The folding runner: what one model's failure does to the others, two runners at once, unknown topics, waking up."""

import asyncio
from contextlib import asynccontextmanager

import psycopg
import pytest

from domain.kernel.journal_refusals import UpgradeNeeded
from projections.kernel.facts import Event
from projections.kernel.model import ReadModel
from projections.kernel.positions import lags_of, position_of, positions_of
from projections.kernel.projector import Projector
from projections.projector import projector
from projections.read_models import READ_MODELS
from tests.support.projecting import Library

COUNTS = "SELECT (SELECT count(*) FROM read.generations_v1), (SELECT count(*) FROM read.ledger_entries_v2)"
KILL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'daybook %' AND datname = current_database()
"""


def failing(model: ReadModel, at: int) -> ReadModel:
    """*model*, but its fold breaks at a position."""

    def fold(present: object, event: Event) -> None:
        if event.position >= at:
            raise ZeroDivisionError("broken on purpose")
        model.fold(present, event)

    return model._replace(fold=fold)


@asynccontextmanager
async def running(*followers: Projector):
    """The followers as processes run them, until the block ends."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(follower.run(stop)) for follower in followers]
    try:
        yield tasks
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def until(condition, *, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


async def test_all_models_move_together_to_the_end_of_the_log(library: Library):
    library.history(1, 200)
    head = await library.project()
    assert await positions_of(library.conn) == dict.fromkeys(READ_MODELS, head)
    assert [lag.state for lag in await lags_of(library.conn)] == ["live"] * len(READ_MODELS)
    assert await position_of(library.conn, "generations") == head


async def test_batches_of_any_size_give_the_same_rows(library: Library):
    """Also of one event: what a batch needs from before it is loaded."""
    library.history(2, 150)
    await library.book.flush(library.conn)
    await Projector(library.url, list(READ_MODELS.values()), batch_events=1).catch_up()
    singly = {name: await rows_of(library, name) for name in TABLES}
    await library.conn.execute("UPDATE read.models SET position = 0")
    for table in TABLES:
        await library.conn.execute(f"TRUNCATE read.{table}")
    await Projector(library.url, list(READ_MODELS.values()), batch_events=10_000).catch_up()
    assert {name: await rows_of(library, name) for name in TABLES} == singly


TABLES = [table for model in READ_MODELS.values() for table in model.tables]


async def rows_of(library: Library, table: str) -> list[tuple]:
    return await library.rows(f"SELECT row_to_json(t)::text FROM read.{table} t ORDER BY 1")


async def test_a_model_that_fails_stops_loudly_and_alone(library: Library, caplog: pytest.LogCaptureFixture):
    library.history(3, 200)
    head = await library.book.flush(library.conn)
    broken = next(
        row["position"] for row in library.book.rows if row["position"] > 60 and row["topic"] in READ_MODELS["generations"].topics
    )
    models = {**READ_MODELS, "generations": failing(READ_MODELS["generations"], broken)}
    follower = Projector(library.url, list(models.values()), batch_events=50)
    await follower.catch_up()

    lags = {lag.name: lag for lag in await lags_of(library.conn)}
    stopped = lags.pop("generations")
    assert stopped.state == "stopped"
    assert stopped.error == f"at position {broken} ({library.book.rows[broken - 1]['topic']}): ZeroDivisionError: broken on purpose"
    assert stopped.position == 50 and stopped.events == head - 50
    assert {lag.position for lag in lags.values()} == {head}
    assert "read model generations stopped" in caplog.text
    assert follower.projections.stopped == ["generations"]
    ((generations, entries),) = await library.rows(COUNTS)
    assert generations == sum(row["topic"] == "generations.requested" for row in library.book.rows[:50]) and entries > 0


async def test_a_database_that_fails_stops_no_model(library: Library):
    """A deadlock, a timeout, a lost connection say nothing about a model: the batch is left for the next try."""
    library.history(4, 50)
    head = await library.book.flush(library.conn)
    model = READ_MODELS["accounts"]

    async def load(place, events):
        raise psycopg.errors.DeadlockDetected("as if")

    with pytest.raises(psycopg.errors.DeadlockDetected):
        await Projector(library.url, [model._replace(load=load)]).catch_up()
    assert {lag.state for lag in await lags_of(library.conn)} == {"live"}
    await projector(library.url).catch_up()
    assert await position_of(library.conn, "accounts") == head


async def test_an_unreadable_fact_stops_only_the_models_that_use_it(library: Library):
    library.history(5, 100)
    await library.book.flush(library.conn)
    await library.conn.execute("UPDATE journal.events SET state = '{}' WHERE topic = 'accounts.registered' AND position = 1")
    await projector(library.url).catch_up()
    states = {lag.name: lag.state for lag in await lags_of(library.conn)}
    assert states.pop("accounts") == "stopped"
    assert set(states.values()) == {"live"}


async def test_two_runners_at_once_fold_everything_once(library: Library):
    """Without the leader lock, which only saves work: compare-and-set alone keeps it right."""
    history = library.history(6, 300)
    await library.book.flush(library.conn)
    runners = [Projector(library.url, list(READ_MODELS.values()), batch_events=7) for _ in range(3)]
    await asyncio.gather(*(runner.catch_up() for runner in runners))
    history.run(300)
    await library.book.flush(library.conn)
    await asyncio.gather(*(runner.catch_up() for runner in runners))
    raced = {name: await rows_of(library, name) for name in TABLES}
    assert set((await positions_of(library.conn)).values()) == {len(library.book.rows)}
    await library.conn.execute("UPDATE read.models SET position = 0")
    for table in TABLES:
        await library.conn.execute(f"TRUNCATE read.{table}")
    await projector(library.url).catch_up()
    assert raced == {name: await rows_of(library, name) for name in TABLES}


async def test_an_unknown_topic_stops_the_runner_before_it_and_skips_nothing(library: Library):
    history = library.history(7, 60)
    head = await library.book.flush(library.conn)
    await library.conn.execute(
        "INSERT INTO journal.events (position, stream, version, topic, recorded_at, actor, correlation, command_id, first, state)"
        " VALUES (%s, gen_random_uuid(), 1, 'novelties.happened', now(), 'test', '', gen_random_uuid(), true, '{}')",
        (head + 1,),
    )
    with pytest.raises(UpgradeNeeded, match=r"novelties\.happened"):
        await projector(library.url).catch_up()
    lags = await lags_of(library.conn)
    assert {lag.position for lag in lags} == {head}
    assert {lag.state for lag in lags} == {"live"}, "a newer build goes on from here"
    assert all(lag.error and lag.error.startswith("upgrade_needed: ") for lag in lags)
    with pytest.raises(UpgradeNeeded):
        await projector(library.url).run(asyncio.Event())

    # The newer release knows the topic, uses it nowhere, and steps over it.
    newer = projector(library.url)
    newer.projections.reader.known = {**newer.projections.reader.known, "novelties.happened": lambda state: None}
    library.book.rows.append({**library.book.rows[0], "position": head + 1})
    library.book.written = head + 1
    history.run(20)
    await library.book.flush(library.conn)
    await newer.catch_up()
    assert {(lag.position, lag.error) for lag in await lags_of(library.conn)} == {(len(library.book.rows), None)}


async def test_a_topic_that_a_model_does_not_use_moves_it_on(library: Library):
    library.book.account(credits=0)
    head = await library.project()
    assert await positions_of(library.conn) == dict.fromkeys(READ_MODELS, head)
    assert await library.rows("SELECT * FROM read.assets_v2") == []


async def test_notify_wakes_the_runner(library: Library):
    """With a poll that would come much too late."""
    follower = Projector(library.url, list(READ_MODELS.values()), poll_seconds=60.0)
    async with running(follower):
        await until(lambda: _true(follower.leading))
        library.history(8, 30)
        head = await library.book.flush(library.conn)
        await until(lambda: _reached(library, head), seconds=60)
    assert await position_of(library.conn, "balances") == head


async def test_a_poll_is_the_safety_net_when_listen_is_dead(library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("projections.kernel.wake.CHANNEL", "nobody_notifies_here")
    follower = Projector(library.url, list(READ_MODELS.values()), poll_seconds=0.05)
    async with running(follower):
        await until(lambda: _true(follower.leading))
        library.history(9, 30)
        head = await library.book.flush(library.conn)
        await until(lambda: _reached(library, head), seconds=60)
    assert await position_of(library.conn, "balances") == head


async def test_one_of_two_runners_leads_and_the_other_takes_over(library: Library):
    first, second = (Projector(library.url, list(READ_MODELS.values()), poll_seconds=0.05) for _ in range(2))
    async with running(second):
        async with running(first):
            await until(lambda: _true(first.leading or second.leading))
            await asyncio.sleep(0.2)
            assert first.leading != second.leading
        await until(lambda: _true(second.leading), seconds=60)
        library.history(10, 20)
        head = await library.book.flush(library.conn)
        await until(lambda: _reached(library, head), seconds=60)
    assert not second.leading


async def test_a_runner_whose_connections_are_killed_goes_on(library: Library):
    follower = Projector(library.url, list(READ_MODELS.values()), poll_seconds=0.05)
    errors: list[Exception] = []
    follower.on_error = errors.append
    async with running(follower):
        await until(lambda: _true(follower.leading))
        await library.conn.execute(KILL)
        library.history(11, 20)
        head = await library.book.flush(library.conn)
        await until(lambda: _reached(library, head))
    assert errors


async def _true(value: bool) -> bool:
    return value


async def _reached(library: Library, head: int) -> bool:
    return set((await positions_of(library.conn)).values()) == {head}
