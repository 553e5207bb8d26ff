"""`daybook accounts erase`, `daybook secrets status | rewrap`"""

import psycopg
import pytest

from tests.daybook.test_cli import environ, run

OLD, NEW = "o" * 40, "n" * 40


@pytest.fixture
def given(tmp_path, engines, fresh_database_url):
    found = environ(tmp_path, DATABASE_URL=fresh_database_url, REDIS_URL=engines.redis_url, DAYBOOK_SECRET_KEY=OLD)
    assert run("migrate", env=found).returncode == 0
    return found


def account(given, email="a@example.com"):
    made = run("accounts", "create", "--email", email, "--password-stdin", env=given, stdin="correct horse\n")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def erased(given, person):
    return run("accounts", "erase", person, "--reason", "asked by letter", "--yes", env=given)


def test_the_secret_key_is_changed_the_previous_one_dropped_and_an_account_erased(given, fresh_database_url):
    person = account(given)
    moving = {**given, "DAYBOOK_SECRET_KEY": NEW, "DAYBOOK_SECRET_KEY_PREVIOUS": OLD}
    status = run("secrets", "status", env=moving)
    assert status.returncode == 1
    assert "2 still need the previous secret key" in status.stdout
    moved = run("secrets", "rewrap", env=moving)
    assert (moved.returncode, moved.stderr) == (0, "")
    assert "can be dropped" in moved.stdout
    done = erased({**given, "DAYBOOK_SECRET_KEY": NEW}, person)
    assert (done.returncode, done.stdout) == (0, f"{person}: erased\n"), done.stderr
    with psycopg.connect(fresh_database_url) as connection:
        topics = connection.execute("SELECT topic FROM journal.events WHERE stream = %s ORDER BY version", [person]).fetchall()
        (wrapped,) = connection.execute("SELECT wrapped FROM vault.subject_keys WHERE account_id = %s", [person]).fetchone()
    assert [topic for (topic,) in topics] == ["accounts.registered", "accounts.erasure_requested", "accounts.erased"]
    assert wrapped is None


@pytest.mark.long
def test_what_the_commands_refuse(given):
    person = account(given)
    unsure = run("accounts", "erase", person, "--reason", "x", env=given, stdin="n\n")
    assert unsure.returncode == 1
    assert erased(given, person).returncode == 0
    assert erased(given, person).returncode == 0
    nobody = erased(given, "01936b2e-0000-7000-8000-00000000a11c")
    assert (nobody.returncode, nobody.stderr) == (1, "daybook: There is no such account.\n")
    foreign = run("secrets", "status", env={**given, "DAYBOOK_SECRET_KEY": NEW})
    assert foreign.returncode == 2
    assert "DAYBOOK_SECRET_KEY" in foreign.stderr
