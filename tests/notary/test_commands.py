"""`daybook audit checkpoint | key | prove`, and what a program that shares nothing with us says about it."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support.daybook_command import environ, run
from tests.support.histories import History
from tests.support.logged_book import LoggedBook

VERIFIER = Path(__file__).parent.parent.parent / "docs" / "verify_proof.py"
AN_ACCOUNT = "SELECT account_id FROM journal.events WHERE available IS NOT NULL ORDER BY position DESC LIMIT 1"


@pytest.fixture
def env(fresh_database_url, tmp_path):
    # As `daybook migrate` makes it.
    (tmp_path / "data" / "objects" / ".staging").mkdir(parents=True)
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


async def test_from_the_first_checkpoint_to_verified_proofs(env, account, tmp_path):
    first = done("checkpoint", env=env)
    assert first.splitlines()[0] == "books.example.com/1"
    keys = tmp_path / "keys"
    keys.write_text(done("key", "--rotate", env=env))
    assert len(keys.read_text().splitlines()) == 2
    second = done("checkpoint", "--balances", env=env)
    sizes = [first.splitlines()[1], second.splitlines()[1]]
    assert int(sizes[1]) == int(sizes[0]) + 2
    asked = {"entry": ["--entry", "7"], "balance": ["--balance", account], "consistency": ["--consistency", *sizes]}
    for name, words in asked.items():
        done("prove", *words, "--out", str(tmp_path / name), env=env)
        said = verified(tmp_path / name, keys)
        assert said.returncode == 0, said.stderr
        assert said.stdout.startswith("ok: ")
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


def test_an_empty_log_has_no_checkpoint(env):
    finished = run("audit", "checkpoint", env=env)
    assert (finished.returncode, finished.stderr) == (1, "daybook: the log is empty: there is nothing to sign yet\n")


async def test_an_altered_log_is_not_signed_and_the_command_says_which_positions(env, account, fresh_database_url):
    size = done("checkpoint", env=env).splitlines()[1]
    async with await psycopg.AsyncConnection.connect(fresh_database_url, autocommit=True) as conn:
        await conn.execute("UPDATE journal.events SET actor = 'x' WHERE position = 3")
        await conn.execute("UPDATE proofs.tree SET size = 0; DELETE FROM proofs.nodes; UPDATE proofs.tree SET refusal = 'look'")
    finished = run("audit", "checkpoint", env=env)
    assert finished.returncode == 1
    assert f"positions 1 to {size} do not lead to the root of checkpoint {size} any more" in finished.stderr
