"""A read model built again beside the live one, and a new version of one beside the old."""

import asyncio

import psycopg
import pytest

from projections.generations.generations import MODEL as GENERATIONS
from projections.generations.generations import page_of_generations
from projections.kernel.model import ReadModel
from projections.kernel.positions import lags_of, position_of
from projections.kernel.projector import Projector
from projections.kernel.rebuild import RebuildRunning
from projections.kernel.rebuild import rebuild as rebuild_model
from projections.kernel.states import prepare, states_of
from projections.projector import projector, rebuild
from projections.read_models import READ_MODELS
from tests.support.projecting import Library

SUM = "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY id), '')) FROM read.generations_v1 t"


def silent(position: int, head: int) -> None:
    assert 0 < position <= head


@pytest.mark.parametrize("name", READ_MODELS)
async def test_a_rebuild_gives_back_what_was_lost(library: Library, name: str):
    library.history(1, 250)
    head = await library.project()
    sums = [f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM read.{table} t" for table in READ_MODELS[name].tables]
    before = [await library.rows(sql) for sql in sums]
    for table in READ_MODELS[name].tables:
        await library.conn.execute(f"TRUNCATE read.{table}")
    told: list[tuple[int, int]] = []
    assert await rebuild(library.url, name, lambda position, of: told.append((position, of))) == head
    assert [await library.rows(sql) for sql in sums] == before
    assert told[-1] == (head, head)
    assert await library.rows("SELECT * FROM read.models WHERE place <> 'read'") == []


async def test_a_stopped_model_runs_again_after_its_rebuild(library: Library):
    history = library.history(2, 60)
    await library.project()
    await library.conn.execute("UPDATE read.models SET state = 'stopped', error = 'x' WHERE name = 'generations'")
    history.run(40)
    head = await library.project()
    assert await position_of(library.conn, "generations") < head
    await rebuild(library.url, "generations", silent)
    history.run(40)
    head = await library.project()
    assert {(lag.position, lag.state, lag.error) for lag in await lags_of(library.conn)} == {(head, "live", None)}


async def test_a_rebuild_while_events_arrive_and_readers_read(library: Library):
    """The live model keeps moving, readers see whole pages all the time, and in the end both ways gave the same."""
    history = library.history(3, 300)
    await library.project()
    follower = Projector(library.url, list(READ_MODELS.values()), poll_seconds=0.02, batch_events=40)
    stop, pages = asyncio.Event(), []

    async def write() -> None:
        for _ in range(15):
            history.run(10)
            await library.book.flush(library.conn)
            await asyncio.sleep(0.02)

    async def read() -> None:
        async with await psycopg.AsyncConnection.connect(library.url, autocommit=True) as conn:
            while not stop.is_set():
                pages.append(len(await page_of_generations(conn, account_id=None, limit=20)))

    runner, reader = asyncio.create_task(follower.run(stop)), asyncio.create_task(read())
    writer = asyncio.create_task(write())
    for _ in range(3):
        await rebuild_model(library.url, GENERATIONS, silent, batch_events=50)
    await writer
    stop.set()
    await asyncio.gather(runner, reader)
    head = await library.project()
    assert set(pages) == {20}
    assert {(lag.position, lag.state) for lag in await lags_of(library.conn)} == {(head, "live")}
    swapped = await library.rows(SUM)
    await library.conn.execute("TRUNCATE read.generations_v1")
    await library.conn.execute("UPDATE read.models SET position = 0 WHERE name = 'generations'")
    await projector(library.url).catch_up()
    assert await library.rows(SUM) == swapped


async def test_only_one_process_rebuilds_a_model(library: Library):
    library.history(4, 80)
    await library.project()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def load(place, events):
        begun.set()
        await go_on.wait()
        return await GENERATIONS.load(place, events)

    slow = asyncio.create_task(rebuild_model(library.url, GENERATIONS._replace(load=load), silent))
    await begun.wait()
    with pytest.raises(RebuildRunning):
        await rebuild(library.url, "generations", silent)
    go_on.set()
    await slow


async def test_a_rebuild_that_was_killed_leaves_the_live_model_and_can_begin_anew(library: Library):
    library.history(5, 80)
    await library.project()
    before = await library.rows(SUM)

    async def load(place, events):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rebuild_model(library.url, GENERATIONS._replace(load=load), silent, batch_events=10)
    assert await library.rows(SUM) == before
    await rebuilt_in_time(library)
    assert await library.rows(SUM) == before


async def rebuilt_in_time(library: Library) -> None:
    """Whose connection has ended holds his lock until the server has seen it."""
    async with asyncio.timeout(30):
        while True:
            try:
                await rebuild(library.url, "generations", silent)
                return
            except RebuildRunning:
                await asyncio.sleep(0.01)


def second_version() -> ReadModel:
    """Generations as a later release might have them: other tables, the same folding."""

    def later(text: str) -> str:
        return text.replace("generations_v1", "generations_v2")

    return GENERATIONS._replace(
        version=2,
        tables=("generations_v2",),
        ddl=later(GENERATIONS.ddl),
        load=lambda place, events: _empty(),
        writes=lambda present: [write._replace(sql=later(write.sql)) for write in GENERATIONS.writes(present)],
    )


async def _empty():
    from projections.generations.generations import Present

    return Present([])


async def test_a_new_version_is_built_beside_the_old_one_which_goes_when_it_is_live(library: Library):
    library.history(6, 100)
    head = await library.project()
    newer = Projector(library.url, [second_version(), READ_MODELS["assets"]])
    assert await newer.prepare() == ["generations"]
    states = {state.key: (state.state, state.position) for state in await states_of(library.conn) if state.name == "generations"}
    assert states == {("generations", 1): ("live", head), ("generations", 2): ("building", 0)}
    await newer.catch_up()
    states = {state.key: (state.state, state.position) for state in await states_of(library.conn) if state.name == "generations"}
    assert states == {("generations", 1): ("live", head), ("generations", 2): ("live", head)}
    assert await library.rows("SELECT count(*) FROM read.generations_v2") == await library.rows("SELECT count(*) FROM read.generations_v1")

    # At the next start nobody of the old release reads the old tables any more.
    assert await newer.prepare() == []
    assert await library.rows("SELECT to_regclass('read.generations_v1')") == [(None,)]


async def test_many_processes_prepare_at_once(empty_library: str):
    async def one() -> list[str]:
        async with await psycopg.AsyncConnection.connect(empty_library, autocommit=True) as conn:
            return await prepare(conn, list(READ_MODELS.values()))

    made = await asyncio.gather(*(one() for _ in range(8)))
    assert sorted(name for names in made for name in names) == list(READ_MODELS)


@pytest.fixture
async def empty_library(library: Library) -> str:
    """Migrated, but without the tables of read models."""
    for model in READ_MODELS.values():
        for table in model.tables:
            await library.conn.execute(f"DROP TABLE read.{table}")
    await library.conn.execute("DELETE FROM read.models")
    return library.url


async def test_a_rebuild_is_not_taken_for_running_while_the_server_still_ends_its_session(
    library: Library, monkeypatch: pytest.MonkeyPatch
):
    library.history(2, 20)
    await library.project()
    left: list[psycopg.AsyncConnection] = []
    close = psycopg.AsyncConnection.close

    async def later(connection: psycopg.AsyncConnection) -> None:
        left.append(connection)

    monkeypatch.setattr(psycopg.AsyncConnection, "close", later)
    await rebuild_model(library.url, GENERATIONS, silent)
    await rebuild_model(library.url, GENERATIONS, silent)
    monkeypatch.undo()
    assert len(left) == 2
    for connection in left:
        await close(connection)
