"""`audit verify` passes what is right, also while it moves, and has a checker for every read model."""

import asyncio
from dataclasses import fields

import pytest

from domain.aggregates import AGGREGATES
from projections.audit.models import CHECKED
from projections.audit.shapes import FIELDS
from projections.audit.stream_pass import BY_STREAMS
from projections.audit.verify import Report, verify
from projections.projector import projector
from projections.read_models import READ_MODELS
from tests.support.projecting import Library


@pytest.mark.parametrize("seed", range(3))
async def test_random_histories_pass(library: Library, seed: int):
    library.busy_history(seed, 500)
    head = await library.project()
    told: list[tuple[int, int]] = []
    report = await verify(library.url, lambda done, total: told.append((done, total)))
    assert report == Report(ok=True, events=head, models=dict.fromkeys(READ_MODELS, head), unsealed=head)
    assert told[-1][0] == told[-1][1] == 2 * head


async def test_an_empty_log_passes(library: Library):
    assert await verify(library.url) == Report(ok=True, events=0, models=dict.fromkeys(READ_MODELS, 0))


async def test_read_models_are_compared_at_their_own_positions(library: Library):
    """One is behind, one has stopped, the log goes on: each is right as far as it says it has seen."""
    made = library.history(6, 200)
    behind = await library.project()
    await library.conn.execute("UPDATE read.models SET state = 'stopped', error = 'x' WHERE name IN ('usage_daily', 'generations')")
    made.run(200)
    further = await library.project()
    made.run(100)
    head = await library.book.flush(library.conn)
    report = await verify(library.url)
    assert report.first_difference is None
    assert report.events == head
    assert report.models == {**dict.fromkeys(READ_MODELS, further), "usage_daily": behind, "generations": behind}


async def test_it_passes_while_events_arrive_and_models_move(library: Library):
    made = library.history(7, 300)
    await library.project()
    stop = asyncio.Event()
    follower = projector(library.url)
    runner = asyncio.create_task(follower.run(stop))

    looked = asyncio.Event()

    async def write() -> None:
        """A round at a time, for as long as is verified and once more."""
        last = False
        while not last:
            last = looked.is_set()
            made.run(15)
            await library.book.flush(library.conn)

    writer = asyncio.create_task(write())
    reports = [await verify(library.url) for _ in range(3)]
    looked.set()
    await writer
    reports.append(await verify(library.url))
    stop.set()
    await runner
    assert [report.first_difference for report in reports] == [None] * 4
    assert reports[0].events < reports[-1].events


def test_every_read_model_has_its_checker():
    assert {model.name: model.version for model in READ_MODELS.values()} == CHECKED
    assert {model.name for model in BY_STREAMS} | {"balances", "ledger_entries", "usage_daily"} == READ_MODELS.keys()


async def test_a_read_model_without_checker_is_a_difference(library: Library):
    await library.conn.execute("INSERT INTO read.models (name, version, state) VALUES ('novelties', 1, 'live')")
    report = await verify(library.url)
    assert str(report.first_difference) == "read.models, row novelties: version 1 has no recomputation"


def test_the_verifiers_shapes_are_those_of_the_domains_facts():
    """Written twice on purpose; a new field or fact must be told to both."""
    domain = {
        fact.TOPIC: {field.name for field in fields(fact)} - {"originator_id", "originator_version"}
        for aggregate in AGGREGATES
        for fact in aggregate.MUTATORS
    }
    assert {topic: set(names) for topic, names in FIELDS.items()} == domain
