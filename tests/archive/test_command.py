"""`daybook archive` as a person runs it: killed while others write, gone on with, looked at, and what the shell is told."""

import asyncio
import signal
import subprocess
import time
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from domain.commands import HANDLERS
from domain.credits.commands import GrantCredits
from domain.kernel.commands import Context
from infra.clock import RandomIds, SystemClock
from infra.journal.journal import open_journal
from infra.journal.meters import Meters
from infra.postgres.pool import open_pool
from projections.projector import projector
from tests.support.attic import OUTBOX
from tests.support.big_book import fill
from tests.support.daybook_command import COMMAND, environ, run
from tests.support.signed_book import SECRET, seal_now

EVENTS = 9_000
AN_ACCOUNT = "SELECT account_id FROM journal.events WHERE topic = 'credits.granted' ORDER BY position LIMIT 1"
THINNED = "SELECT count(*) FROM journal.events WHERE position <= 4096 AND actor = ''"
#: Where an archiver is killed: when this has become true.
MOMENTS = {
    "the file is written, its row is not": lambda db, folder: len(list(folder.glob("*.gz"))) > 0,
    "the row is written, all words are still there": lambda db, folder: (
        db.execute("SELECT count(*) FROM journal.segments").fetchone()[0] > 0
    ),
    "some of the words have gone": lambda db, folder: db.execute(THINNED).fetchone()[0] > 0,
}


@pytest.fixture
async def book(fresh_database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a signed book of two segments and a little."""
    await fill(fresh_database_url, EVENTS)
    async with await psycopg.AsyncConnection.connect(fresh_database_url, autocommit=True) as conn:
        await conn.execute(OUTBOX)
        await seal_now(conn)
    (tmp_path / "objects").mkdir()
    return environ(tmp_path, DATABASE_URL=fresh_database_url, REDIS_URL="redis://127.0.0.1:1", DAYBOOK_SECRET_KEY=SECRET.decode())


def killed_at(moment, env, folder: Path) -> int:
    """Start an archiver and kill it at *moment*. Its exit code."""
    process = subprocess.Popen([COMMAND, "archive", "--older-than", "0s"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as db:
        end = time.monotonic() + 60
        while not moment(db, folder) and process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=20)
    assert process.returncode in (-signal.SIGKILL, 0), errors
    return process.returncode


async def granting(dsn: str, stop: asyncio.Event) -> int:
    """Grants to an account whose past is archived meanwhile, one after the other. How many."""
    async with open_pool(dsn, size=2) as pool, open_journal(dsn, pool, handlers=HANDLERS, clock=SystemClock(), meters=Meters()) as journal:
        async with pool.connection() as conn:
            account = UUID(str((await (await conn.execute(AN_ACCOUNT)).fetchone())[0]))
        ids, made = RandomIds(), 0
        while not stop.is_set():
            grant = GrantCredits(
                account_id=account, grant_id=ids.new(), source="test", amount=1, priority=0, expires_at=None, reason="test"
            )
            await journal.execute(grant, Context(actor="test", now=SystemClock().now(), command_id=ids.new()))
            made += 1
            await asyncio.sleep(0.005)
    return made


@pytest.mark.long
async def test_killed_while_others_write_and_gone_on_with(book: dict[str, str], tmp_path: Path):
    folder, stop, dsn = tmp_path / "objects" / "archive", asyncio.Event(), book["DATABASE_URL"]
    writing = asyncio.create_task(granting(dsn, stop))
    codes = [await asyncio.to_thread(killed_at, moment, book, folder) for moment in MOMENTS.values()]
    assert -signal.SIGKILL in codes
    done = await asyncio.to_thread(run, "archive", "--older-than", "0s", env=book)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "archived up to position 8192"
    stop.set()
    assert await writing > 20, "others wrote all the time"
    assert len(list(folder.glob("*.gz"))) == 2

    await projector(dsn).catch_up()
    looked = run("archive", "--check", env=book)
    assert (looked.returncode, looked.stderr) == (0, "") and looked.stdout.startswith("2 segments with 8192 events in ")
    verified = run("audit", "verify", env=book, timeout=120)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    rebuilt = run("projections", "rebuild", "usage_daily", env={**book, "REDIS_URL": "redis://127.0.0.1:1"})
    assert rebuilt.returncode == 0, rebuilt.stderr

    lost = sorted(folder.glob("*.gz"))[1]
    lost.unlink()
    for words in (("archive", "--check"), ("audit", "verify"), ("audit", "export", "--out", str(tmp_path / "book"))):
        said = run(*words, env=book)
        assert said.returncode == (2 if "export" in words else 1), words
        assert f"archive/{lost.name} is missing" in said.stdout + said.stderr and "position" in said.stdout + said.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say --older-than or --to, or both, or --check alone"),
        (["--check", "--to", "9"], "say --older-than or --to, or both, or --check alone"),
        (["--older-than", "3 weeks"], "--older-than is a number and s, m, h or d"),
    ],
)
def test_wrong_words_are_said(words: list[str], said: str, tmp_path: Path):
    done = run("archive", *words, env=environ(tmp_path))
    assert done.returncode == 2 and said in done.stderr
