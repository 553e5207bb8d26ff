"""The twin is given what PostgreSQL is given, at random: the same answers, and the same tables after each step."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.simulation.contract.programs import Runner, program
from tests.simulation.contract.sides import Adapters, TwinSide, sql_side
from tests.simulation.seeds import SEED

QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck), "print_blob": True}


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One for all programs, so that a connection outlives them."""
    with ExitStack() as stack:
        made = asyncio.new_event_loop()
        stack.callback(made.close)
        yield made


async def compare(dsn: str, steps: list[tuple[Any, ...]]) -> None:
    twin = TwinSide()
    heads = twin.database.log.version
    async with sql_side(dsn) as sql:
        sides = [Runner(Adapters(sql), heads), Runner(Adapters(twin), heads)]
        for step in steps:
            real, ours = [await side.step(step) for side in sides]
            assert ours == real, step
            if step[0] not in ("tails", "known", "groups", "ready", "failing"):
                assert await twin.contents() == await sql.contents(), step


@seed(SEED)
@settings(max_examples=15, **QUIET)
@given(steps=program)
def test_the_twin_does_what_postgresql_does(database_url: str, loop: asyncio.AbstractEventLoop, steps: list[tuple[Any, ...]]) -> None:
    loop.run_until_complete(compare(database_url, steps))


@pytest.mark.long
@seed(SEED)
@settings(max_examples=1_500, **QUIET)
@given(steps=program)
def test_the_twin_does_what_postgresql_does_through_many_programs(
    database_url: str, loop: asyncio.AbstractEventLoop, steps: list[tuple[Any, ...]]
) -> None:
    loop.run_until_complete(compare(database_url, steps))
