"""`daybook audit verify` as a person runs it: what it says, to people and programs, and what the shell is told."""

import asyncio
import json
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from projections.notary.keys import public_keys
from tests.support.daybook_command import COMMAND, environ, run
from tests.support.journal import execute_sql
from tests.support.projecting import Library
from tests.support.signed_book import SECRET, seal_now

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'daybook verify' AND wait_event_type = 'Lock'"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'daybook verify' AND datname = current_database()"


@pytest.fixture(scope="module")
def book(database_url: str) -> str:
    """A signed book; its public keys and its checkpoint stand where `kept` finds them."""

    async def write() -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
            library = Library(database_url, conn)
            library.history(31, 150)
            await library.project()
            await seal_now(conn)

    asyncio.run(write())
    return database_url


@pytest.fixture
def env(book: str, tmp_path: Path) -> dict[str, str]:
    return environ(tmp_path, DATABASE_URL=book, REDIS_URL="redis://127.0.0.1:1", DAYBOOK_SECRET_KEY=SECRET.decode())


async def kept(book: str, place: Path) -> tuple[Path, Path]:
    async with await psycopg.AsyncConnection.connect(book) as conn:
        lines = [key.vkey for key in await public_keys(conn)]
        (note,) = await (await conn.execute("SELECT note FROM proofs.checkpoints ORDER BY size DESC LIMIT 1")).fetchone()
    keys, checkpoint = place / "keys", place / "checkpoint"
    keys.write_text("\n".join([*lines, ""]))
    checkpoint.write_text(note)
    return keys, checkpoint


async def test_it_says_what_is_sealed_and_where_each_model_is(book: str, env: dict[str, str], tmp_path: Path):
    keys, checkpoint = await kept(book, tmp_path)
    done = run("audit", "verify", "--key", str(keys), "--checkpoint", str(checkpoint), env=env)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[0] == "audit verify: ok"
    assert "  origin tests.local/1" in said and "  0 events not yet under a checkpoint" in said
    assert any(line.startswith("  root ") and line.endswith("the last of 1 checkpoints") for line in said)
    assert any(line.startswith("  generations agrees at position ") for line in said)


def test_programs_get_one_object(book: str, env: dict[str, str]):
    done = run("audit", "verify", "--format", "json", env=env)
    said = json.loads(done.stdout)
    assert done.returncode == 0 and said["ok"] and said["first_difference"] is None and said["duration_seconds"] > 0
    assert said["sealed"]["size"] == said["events"] and said["unsealed"] == 0


def test_a_difference_is_named_and_the_exit_code_is_one(book: str, env: dict[str, str]):
    execute_sql(book, "UPDATE journal.events SET correlation = correlation || 'x' WHERE position = 40")
    try:
        done = run("audit", "verify", env=env)
        programs = run("audit", "verify", "--format", "json", env=env)
    finally:
        execute_sql(book, "UPDATE journal.events SET correlation = left(correlation, -1) WHERE position = 40")
    assert done.returncode == programs.returncode == 1
    assert done.stdout.startswith("audit verify: differs\n  log, positions 33 to 48: one of positions 33 to 48 is not what checkpoint")
    assert json.loads(programs.stdout)["first_difference"]["position"] == 33


def test_what_was_kept_must_be_what_it_should(env: dict[str, str], tmp_path: Path):
    (tmp_path / "nonsense").write_text("nonsense")
    for words in (
        ("--key", str(tmp_path / "nonsense")),
        ("--key", str(tmp_path / "nowhere")),
        ("--checkpoint", str(tmp_path / "nonsense")),
    ):
        done = run("audit", "verify", *words, env=env)
        assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr


def test_an_interrupt_ends_it_at_once_and_leaves_nothing_behind(book: str, env: dict[str, str]):
    with psycopg.connect(book) as blocker:
        blocker.execute("LOCK TABLE journal.events IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(
            [COMMAND, "audit", "verify"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts
        )
        wait_until(book, WAITING, 1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    wait_until(book, SESSIONS, 0)


def heed_interrupts() -> None:
    """What a shell runs in the background ignores them, and so would its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_until(book: str, question: str, count: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while execute_sql(book, question) != [(count,)]:
        assert time.monotonic() < end, f"{question} never was {count}"
        time.sleep(0.05)
