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


def test_an_account_is_erased_from_the_machine_itself(given, fresh_database_url):
    person = account(given)
    erase = ("accounts", "erase", person, "--reason", "asked by letter")
    unsure = run(*erase, env=given, stdin="n\n")
    assert unsure.returncode == 1
    done = run(*erase, "--yes", env=given)
    assert (done.returncode, done.stdout) == (0, f"{person}: erased\n"), done.stderr
    with psycopg.connect(fresh_database_url) as connection:
        topics = connection.execute("SELECT topic FROM journal.events WHERE stream = %s ORDER BY version", [person]).fetchall()
        (wrapped,) = connection.execute("SELECT wrapped FROM vault.subject_keys WHERE account_id = %s", [person]).fetchone()
    assert [topic for (topic,) in topics] == ["accounts.registered", "accounts.erasure_requested", "accounts.erased"]
    assert wrapped is None
    assert run(*erase, "--yes", env=given).returncode == 0
    nobody = run("accounts", "erase", "01936b2e-0000-7000-8000-00000000a11c", "--reason", "x", "--yes", env=given)
    assert (nobody.returncode, nobody.stderr) == (1, "daybook: There is no such account.\n")


def test_the_secret_key_is_changed_and_the_previous_one_dropped(given):
    account(given)
    moving = {**given, "DAYBOOK_SECRET_KEY": NEW, "DAYBOOK_SECRET_KEY_PREVIOUS": OLD}
    status = run("secrets", "status", env=moving)
    assert status.returncode == 1
    assert "2 still need the previous secret key" in status.stdout
    moved = run("secrets", "rewrap", env=moving)
    assert (moved.returncode, moved.stderr) == (0, "")
    assert "can be dropped" in moved.stdout
    after = {**given, "DAYBOOK_SECRET_KEY": NEW}
    assert run("secrets", "status", env=after).returncode == 0
    taken = run("accounts", "create", "--email", "a@example.com", "--password-stdin", env=after, stdin="correct horse\n")
    assert taken.returncode == 1
    old = run("secrets", "status", env=given)
    assert old.returncode == 2
    assert "DAYBOOK_SECRET_KEY" in old.stderr
