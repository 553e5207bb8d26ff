"""The command line: help, settings, exit codes, manners of the output."""

import os
import re
import subprocess
import time
from uuid import UUID, uuid4

import pytest
from typer.main import get_command

from daybook.cli.app import build
from daybook.cli.main import main
from domain.kernel.limits import REASON_CHARS_MAX
from tests.support.daybook_command import COMMAND, environ, run

COMMANDS = (
    "up", "demo", "api", "worker", "dispatcher", "notary", "projector", "scheduler", "migrate", "accounts create", "credits grant",
    "credits adjust", "projections list", "projections rebuild", "openapi", "env", "audit export", "audit import", "audit replay",
    "audit verify",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command, tmp_path):
    done = run(*command.split(), "--help", env=environ(tmp_path))
    assert done.returncode == 0
    assert re.search(r"Example:\n\s+.*daybook ", done.stdout)
    assert f"daybook {command}" in done.stdout.split("Example:")[1]


def test_help_lists_every_command_and_the_exit_codes(tmp_path):
    done = run("--help", env=environ(tmp_path))
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command.split()[0]}\s", done.stdout, re.MULTILINE)
    assert "0 done, 1 failed or differs, 2 wrong usage or it cannot start" in done.stdout


def test_help_loads_nothing_heavy(tmp_path):
    done = subprocess.run([COMMAND, "--help"], env={**environ(tmp_path), "PYTHONPROFILEIMPORTTIME": "1"}, capture_output=True, text=True)
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert loaded & {"sanic", "psycopg", "eventsourcing", "dramatiq", "httpx", "numpy", "rich.console"} == set()


def test_the_version_is_that_of_the_project(tmp_path):
    assert re.fullmatch(r"daybook \d+\.\d+\.\d+\n", run("--version", env=environ(tmp_path)).stdout)


@pytest.mark.parametrize("words", [["nope"], ["up", "--nope"], ["projections", "rebuild"], ["credits", "grant", "x", "1", "--reason", "y"]])
def test_wrong_usage_is_exit_code_2_with_the_reason_on_stderr(words, tmp_path):
    done = run(*words, env=environ(tmp_path))
    assert done.returncode == 2
    assert "Error:" in done.stderr
    assert done.stdout == ""


def test_all_mistakes_of_the_settings_are_named_at_once(tmp_path):
    done = run("up", env=environ(tmp_path, DAYBOOK_PORT="http", S3_BUCKET="x"))
    assert done.returncode == 2
    assert "DAYBOOK_PORT must be a whole number" in done.stderr
    assert "S3_ENDPOINT" in done.stderr


def test_env_prints_lines_that_a_shell_can_read(tmp_path):
    data = tmp_path / "it's here"
    printed = run("env", "--show-secrets", env=environ(data, DAYBOOK_PORT="8123")).stdout
    shell = subprocess.run(["sh", "-c", f'{printed}\nprintf %s "$DAYBOOK_DATA_DIR $DAYBOOK_PORT"'], capture_output=True, text=True)
    assert shell.stdout == f"{data} 8123"


def test_env_keeps_secrets_to_itself_unless_asked(tmp_path):
    secret = "k" * 40
    given = environ(tmp_path, DATABASE_URL="postgresql://me:hush@db.example.com/x", DAYBOOK_SECRET_KEY=secret)
    quiet, loud = run("env", env=given).stdout, run("env", "--show-secrets", env=given).stdout
    assert "hush" not in quiet
    assert secret not in quiet
    assert "postgresql://me:***@db.example.com/x" in quiet
    assert "hush" in loud
    assert secret in loud


def test_env_makes_no_key_and_no_directory(tmp_path):
    assert run("env", env=environ(tmp_path / "data")).returncode == 0
    assert not (tmp_path / "data").exists()


def test_a_database_that_does_not_answer_is_one_sentence_and_exit_code_2(tmp_path):
    address = "postgresql://me@127.0.0.1:1/x"
    done = run("migrate", env=environ(tmp_path, DATABASE_URL=address, REDIS_URL="redis://127.0.0.1:1", DAYBOOK_SECRET_KEY="k" * 40))
    assert done.returncode == 2
    assert done.stderr.startswith("daybook: PostgreSQL does not answer")
    assert "Traceback" not in done.stderr


def test_the_openapi_document_needs_no_database(tmp_path):
    done = run("openapi", env=environ(tmp_path))
    assert done.returncode == 0
    assert done.stdout.startswith('{\n  "openapi": "3.1')


def test_output_without_utf8_is_plain(tmp_path):
    ascii_only = {**environ(tmp_path), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command in COMMANDS:
        done = subprocess.run([COMMAND, *command.split(), "--help"], env=ascii_only, capture_output=True)
        assert done.returncode == 0
        assert done.stdout.isascii()
        assert b"\x1b" not in done.stdout


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    command = f"'{COMMAND}' openapi | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], env=environ(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_commands_without_a_running_daybook_start_the_engines_for_their_own_time(tmp_path):
    data = tmp_path / "data"
    assert run("migrate", env=environ(data)).returncode == 0
    done = run("projections", "list", env=environ(data))
    assert done.returncode == 0, done.stderr
    assert re.search(r"^balances\s+\d+\s+live\s+0\s+0$", done.stdout, re.MULTILINE)
    assert run("projections", "rebuild", "nope", env=environ(data)).returncode == 2
    assert run("audit", "verify", env=environ(data)).stdout.startswith("audit verify: ok\n")
    end = time.monotonic() + 5
    while (data / "lock").read_text() and time.monotonic() < end:
        time.sleep(0.05)
    assert (data / "lock").read_text() == ""


@pytest.mark.parametrize("words", [["audit", "verify"], ["audit", "export", "--out", "-"], ["projections", "list"], ["api"]])
def test_a_mistyped_data_directory_is_an_error_and_is_not_made(words, tmp_path):
    done = run(*words, env=environ(tmp_path / "dta"))
    assert done.returncode == 2
    assert f"there is no Daybook in the data directory {tmp_path / 'dta'}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_auditing_a_database_needs_nothing_but_its_address(tmp_path, fresh_database_url):
    given = environ(tmp_path / "none", DATABASE_URL=fresh_database_url, DAYBOOK_SECRET_KEY="k" * 40)
    assert run("audit", "verify", env=given).stdout.startswith("audit verify: ok")
    assert list(tmp_path.iterdir()) == []


def test_accounts_and_grants_from_the_command_line_are_in_the_book(tmp_path, engines, fresh_database_url):
    given = environ(tmp_path, DATABASE_URL=fresh_database_url, REDIS_URL=engines.redis_url, DAYBOOK_SECRET_KEY="k" * 40)
    assert run("migrate", env=given).returncode == 0
    words = ["accounts", "create", "--email", "op@example.com", "--role", "operator", "--password-stdin"]
    made = run(*words, env=given, stdin="correct horse\n")
    assert made.returncode == 0, made.stderr
    account = made.stdout.strip()
    assert run(*words, env=given, stdin="correct horse\n").returncode == 1
    granted = run("credits", "grant", account, "100", "--reason", "a test", env=given)
    assert granted.returncode == 0, granted.stderr
    adjusted = run("credits", "adjust", account, "-130", "--reason", "too much", env=given)
    assert adjusted.returncode == 0, adjusted.stderr
    assert UUID(adjusted.stdout.strip())
    nobody = run("credits", "adjust", str(uuid4()), "-130", "--reason", "too much", env=given)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert run("audit", "verify", env=given).returncode == 0
    import psycopg

    with psycopg.connect(fresh_database_url) as connection:
        rows = connection.execute(
            "SELECT topic, actor, available FROM journal.log WHERE available IS NOT NULL ORDER BY position"
        ).fetchall()
    actor = f"operator:command-line:{os.getuid()}"
    given_and_taken = [("credits.granted", 25), ("credits.granted", 100), ("credits.adjusted", -125), ("credits.debt_incurred", 0)]
    assert rows == [(topic, actor, amount) for topic, amount in given_and_taken]


def test_accounts_from_the_command_line_have_no_welcome_once_the_day_has_none(tmp_path, engines, fresh_database_url):
    given = environ(tmp_path, DATABASE_URL=fresh_database_url, REDIS_URL=engines.redis_url, DAYBOOK_SECRET_KEY="k" * 40)
    assert run("migrate", env=given).returncode == 0
    words = ["accounts", "create", "--email", "late@example.com", "--password-stdin"]
    made = run(*words, env={**given, "DAYBOOK_WELCOME_PER_DAY": "0"}, stdin="correct horse\n")
    assert made.returncode == 0, made.stderr
    import psycopg

    with psycopg.connect(fresh_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM journal.log WHERE topic = 'credits.granted'").fetchone() == (0,)


SOMEBODY = "0193f0c2-0000-7000-8000-000000000001"
REASONED = (["credits", "grant", SOMEBODY, "1"], ["credits", "adjust", SOMEBODY, "-1"], ["accounts", "erase", SOMEBODY, "--yes"])


@pytest.mark.parametrize("words", REASONED, ids=lambda words: " ".join(words[:2]))
@pytest.mark.parametrize("reason", ["", " \t\n", "x" * (REASON_CHARS_MAX + 1)], ids=["empty", "blank", "too long"])
def test_a_reason_must_say_something(words, reason, capsys):
    """Before anything is started, so in this process."""
    assert main([*words, "--reason", reason]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "--reason" in said.err


def test_every_command_that_takes_a_reason_checks_it():
    checked = {
        name: option.callback is not None
        for name, command in walk(get_command(build()))
        for option in command.params
        if "--reason" in option.opts
    }
    assert checked == {" ".join(words[:2]): True for words in REASONED}


def walk(group, *before):
    """Every command below *group*, by its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from walk(command, *before, name)
        else:
            yield " ".join([*before, name]), command


WRONG = {"no e-mail": ("nobody", "correct horse"), "too short": ("a@example.com", "short"), "too long": ("a@example.com", "é" * 37)}


@pytest.mark.parametrize("case", WRONG)
def test_accounts_follow_the_rules_of_registering(case, tmp_path):
    email, password = WRONG[case]
    done = run("accounts", "create", "--email", email, "--password-stdin", env=environ(tmp_path), stdin=password)
    assert done.returncode == 2
    assert done.stderr.startswith("daybook: ")
    assert not (tmp_path / "postgres").exists()
