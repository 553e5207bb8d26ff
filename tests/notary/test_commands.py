"""`daybook audit checkpoint | key | prove`, and what a program that shares nothing with us says about it."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from projections.notary.prove import prove_consistency, prove_entry
from tests.support.daybook_command import environ, run
from tests.support.histories import History
from tests.support.logged_book import LoggedBook

VERIFIER = Path(__file__).parent.parent.parent / "docs" / "verify_proof.py"
AN_ACCOUNT = "SELECT account_id FROM journal.events WHERE available IS NOT NULL ORDER BY position DESC LIMIT 1"


@pytest.fixture
def env(fresh_database_url, tmp_path):
    # As `daybook migrate` makes it, without the directory of unfinished files.
    (tmp_path / "data" / "objects").mkdir(parents=True)
    settings = {"DATABASE_URL": fresh_database_url, "DAYBOOK_SECRET_KEY": "k" * 44}
    return environ(tmp_path / "data", DAYBOOK_LOG_NAME="books.example.com", **settings)


@pytest.fixture
async def account(fresh_database_url):
    """One of those in a log of some length."""
    book = LoggedBook()
    History(1, accounts=3, book=book).run(40)
    async with await psycopg.AsyncConnection.connect(fresh_database_url, autocommit=True) as conn:
        await book.flush(conn)
        row = await (await conn.execute(AN_ACCOUNT)).fetchone()
    return str(row[0])


def done(*words, env):
    finished = run("audit", *words, env=env)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def verified(file, keys):
    """What the stand-alone program says, which sees nothing but two files."""
    words = [sys.executable, "-I", str(VERIFIER), str(file), "--key", str(keys)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, encoding="utf-8")


async def test_from_the_first_checkpoint_to_verified_proofs(env, account, fresh_database_url, tmp_path):
    first = done("checkpoint", env=env)
    assert first.splitlines()[0] == "books.example.com/1"
    keys = tmp_path / "keys"
    keys.write_text(done("key", "--rotate", env=env))
    assert len(keys.read_text().splitlines()) == 2
    second = done("checkpoint", "--balances", env=env)
    sizes = [int(first.splitlines()[1]), int(second.splitlines()[1])]
    assert sizes[1] == sizes[0] + 2
    done("prove", "--balance", account, "--out", str(tmp_path / "balance"), env=env)
    async with await psycopg.AsyncConnection.connect(fresh_database_url, autocommit=True) as conn:
        (tmp_path / "entry").write_bytes(await prove_entry(conn, 7))
        (tmp_path / "consistency").write_bytes(await prove_consistency(conn, *sizes))
    for name in ("balance", "entry", "consistency"):
        said = verified(tmp_path / name, keys)
        assert (said.returncode, said.stdout[:4]) == (0, "ok: "), said.stderr
    assert (tmp_path / "data" / "objects" / "checkpoints" / "latest").read_text() == second


async def test_what_cannot_be_proven_is_said_and_nothing_is_written(env, account, tmp_path):
    out = tmp_path / "proof"
    for words, code, sentence in (
        (["--entry", "7"], 1, "not covered by a checkpoint yet"),
        (["--entry", "1", "--balance", account], 2, "say one of"),
    ):
        finished = run("audit", "prove", *words, "--out", str(out), env=env)
        assert (finished.returncode, sentence in finished.stderr) == (code, True), finished.stderr
    assert not out.exists()


async def test_a_log_that_became_shorter_is_not_signed_and_the_command_says_so(env, account, fresh_database_url):
    async with await psycopg.AsyncConnection.connect(fresh_database_url, autocommit=True) as conn:
        await conn.execute("UPDATE proofs.tree SET size = 1000")
    finished = run("audit", "checkpoint", env=env)
    assert finished.returncode == 1
    assert "was it restored from a backup?" in finished.stderr
