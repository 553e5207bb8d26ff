"""Several processes on one log."""

import asyncio
import os
import signal
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from infra.journal import flight
from infra.postgres.migrate import MIGRATIONS, migrate, read_folder
from tests.journal.counters import Bump, Counter, Open
from tests.support.journal import JournalWorld, context

ROOT = Path(__file__).parents[2]
#: What a stopped process may cost the others, and what a loaded test machine may add to it once.
STOPPED_SECONDS_MAX = 0.5
NOISE_SECONDS_MAX = 10.0


@asynccontextmanager
async def hammering(dsn: str, counter: UUID, *, seconds: float, clients: int, words: tuple[str, ...] = ()) -> AsyncIterator[Process]:
    arguments = ["-m", "tests.journal.hammer", dsn, str(counter), str(seconds), str(clients), *words]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def go(process: Process) -> int:
    """Let it begin, and wait for the number of bumps it made."""
    out, _ = await process.communicate(b"go\n")
    return int(out)


@pytest.mark.timeout(120)
async def test_two_processes_on_one_stream_get_equal_shares(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    async with (
        hammering(counters.dsn, counter, seconds=4, clients=32) as one,
        hammering(counters.dsn, counter, seconds=4, clients=32) as other,
    ):
        made = await asyncio.gather(go(one), go(other))
    found = await counters.journal.load(Counter, counter)
    assert found is not None
    assert found.total == sum(made)
    # One that starves does a tenth. How even they are is a figure, and `make bench` holds it.
    assert 0.25 <= made[0] / sum(made) <= 0.75, made


@pytest.mark.timeout(120)
@pytest.mark.parametrize("words", [(), ("locked",)], ids=["in_a_statement", "under_the_lock"])
async def test_a_process_stopped_in_an_append_stops_nobody_else(counters: JournalWorld, words: tuple[str, ...]) -> None:
    hot, mine = uuid4(), uuid4()
    for counter in (hot, mine):
        await counters.journal.execute(Open(counter_id=counter), context())
    waits: list[float] = []
    async with hammering(counters.dsn, hot, seconds=60, clients=8, words=words) as process:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        await asyncio.sleep(0.5)
        for moment in range(7):
            await asyncio.sleep(0.05 + moment * 0.0113)
            os.kill(process.pid, signal.SIGSTOP)
            began = time.monotonic()
            await counters.journal.execute(Bump(counter_id=mine), context())
            waits.append(time.monotonic() - began)
            os.kill(process.pid, signal.SIGCONT)
    assert statistics.median(waits) <= STOPPED_SECONDS_MAX, waits
    assert max(waits) <= NOISE_SECONDS_MAX, waits


MIGRATE = "import asyncio, sys; from infra.postgres.migrate import migrate; print(len(asyncio.run(migrate(sys.argv[1]))))"


@pytest.mark.timeout(120)
async def test_eight_processes_migrate_at_once_and_each_file_is_applied_once(empty_database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, empty_database_url, stdout=PIPE, cwd=ROOT) for _ in range(8)
    ]
    outputs = await asyncio.gather(*[process.communicate() for process in processes])
    assert [process.returncode for process in processes] == [0] * 8
    assert sum(int(out) for out, _ in outputs) == len(read_folder(MIGRATIONS))
    assert await migrate(empty_database_url) == []


async def test_an_append_whose_backend_hangs_is_sent_again_on_another_connection(
    counters: JournalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flight, "STATEMENT_SECONDS", 0.3)
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    ((backend,),) = await counters.rows(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'daybook journal' AND datname = current_database()"
    )
    os.kill(backend, signal.SIGSTOP)
    try:
        receipt = await counters.journal.execute(Bump(counter_id=counter), context())
    finally:
        os.kill(backend, signal.SIGCONT)
    assert (receipt.position, receipt.result) == (2, {"total": 1})
    assert (await counters.journal.execute(Bump(counter_id=counter), context())).result == {"total": 2}
