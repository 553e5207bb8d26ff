"""`daybook audit replay | export | import` as a person runs them: files, formats, refusals, exit codes."""

import csv
import io
import json
import shlex
import subprocess

import pytest

from daybook.files import appearing
from daybook.replaying import COLUMNS, Asked, NoSuchAccount, as_csv, replayed
from daybook.settings import load
from projections.log.points import OutOfRange
from projections.log.running import Books, moves
from tests.support.daybook_command import COMMAND, environ, run
from tests.support.engines import database
from tests.support.shelf import shelf_at

SECRET = "k" * 44


@pytest.fixture(scope="module")
def engines_of_a_book(engines, migrated_template, redis_url, tmp_path_factory):
    """Environments on a database with a log, and on an empty one."""
    with database(engines, template=migrated_template) as full, database(engines, template=migrated_template) as empty:
        data = tmp_path_factory.mktemp("none") / "data"
        known = {"REDIS_URL": redis_url, "DAYBOOK_SECRET_KEY": SECRET}
        yield environ(data, DATABASE_URL=full, **known), environ(data, DATABASE_URL=empty, **known)


@pytest.fixture
async def written(engines_of_a_book):
    """The environment of a log with a history, and its rows."""
    env = engines_of_a_book[0]
    async with shelf_at(env["DATABASE_URL"]) as shelf:
        if await shelf.rows("SELECT FROM journal.events LIMIT 1") == []:
            await shelf.log(300)
            await shelf.sealed()
        return env, await shelf.rows("SELECT position, account_id, available, held, owed FROM journal.events ORDER BY position")


async def told(env, form, **asked):
    """What is printed, and the balance it leads to."""
    pages = [page async for page in replayed(load(env), Asked(**asked), form)]
    return b"".join(page.lines for page in pages).decode(), pages[-1].balance


async def test_a_log_goes_out_and_comes_back_the_same(written, engines_of_a_book, tmp_path):
    env, empty = engines_of_a_book
    book, again = tmp_path / "book.ndjson", tmp_path / "again.ndjson"
    done = run("audit", "export", "--out", str(book), env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{book}: the log up to position {len(written[1])}" in done.stdout
    keys = tmp_path / "keys"
    keys.write_text("\n".join(json.loads(line)["vkey"] for line in book.read_text().splitlines()[1:2]))
    taken = run("audit", "import", str(book), "--key", str(keys), env=empty)
    assert taken.returncode == 0, taken.stderr
    assert f"{len(written[1])} events, 1 checkpoints, 1 keys; root " in taken.stdout
    again.write_bytes(subprocess.run([COMMAND, "audit", "export", "--out", "-"], env=empty, capture_output=True, check=True).stdout)
    assert again.read_bytes() == book.read_bytes()
    refused = run("audit", "import", str(book), env=empty)
    assert refused.returncode == 1
    assert "this log is not empty" in refused.stderr
    assert "Nothing was imported" in refused.stderr


async def test_a_damaged_file_is_named_with_its_line(fresh_database_url, redis_url, tmp_path):
    env = environ(tmp_path / "data", DATABASE_URL=fresh_database_url, REDIS_URL=redis_url, DAYBOOK_SECRET_KEY=SECRET)
    book = tmp_path / "book.ndjson"
    book.write_text('{"account":null,"format":"daybook-export/1","head":0,"origin":"x/1","type":"header"}\n{"type": "key"}\n')
    done = run("audit", "import", str(book), env=env)
    assert done.returncode == 1
    assert f"{book}: line 2: not a line of an export" in done.stderr
    missing = run("audit", "import", str(tmp_path / "missing"), env=env)
    assert (missing.returncode, "there is no file" in missing.stderr) == (2, True)


def write_half(out):
    with appearing(out, force=False) as file:
        file.write(b"half")
        raise ZeroDivisionError


async def test_a_file_appears_whole_or_not_at_all(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ZeroDivisionError):
        write_half(out)
    assert list(tmp_path.iterdir()) == []
    with appearing(out, force=False) as file:
        file.write(b"whole")
        assert not out.exists()
    assert out.read_bytes() == b"whole"
    with pytest.raises(FileExistsError), appearing(out, force=False):
        pytest.fail("it is there already")
    with appearing(out, force=True) as file:
        file.write(b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("out", b"new")]


async def test_an_export_writes_over_nothing_without_being_told(written, tmp_path):
    out = tmp_path / "book.ndjson"
    out.write_text("precious")
    done = run("audit", "export", "--out", str(out), env=written[0])
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert out.read_text() == "precious"
    assert run("audit", "export", "--out", str(out), "--force", env=written[0]).returncode == 0
    assert out.read_text().endswith('"type":"end"}\n')


async def test_every_format_tells_the_same_running_balances(written):
    env, rows = written
    balances: dict[str, list[int]] = {}
    expected = []
    for position, account, *moved in rows:
        if moved[0] is not None:
            balance = [before + amount for before, amount in zip(balances.get(account, [0, 0, 0]), moved, strict=True)]
            balances[account] = balance
            expected.append((position, str(account), *moved, *balance))
    names = ("position", "account_id", "available", "held", "owed", "available_after", "held_after", "owed_after")
    text, total = await told(env, "ndjson")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [tuple(line[name] for name in names) for line in lines] == expected
    assert list(total) == [sum(balance[side] for balance in balances.values()) for side in range(3)]
    table = list(csv.DictReader(io.StringIO((await told(env, "csv"))[0])))
    assert [tuple(row[name] for name in names) for row in table] == [tuple(map(str, line)) for line in expected]
    printed = (await told(env, "table"))[0].splitlines()
    assert printed[0].split() == list(COLUMNS)
    assert [line.split()[0] for line in printed[1:]] == [str(line[0]) for line in expected]


async def test_an_account_and_a_point_can_be_chosen(written):
    env, rows = written
    account = rows[0][1]
    text, total = await told(env, "ndjson", account_id=account)
    lines = [json.loads(line) for line in text.splitlines()]
    assert {line["account_id"] for line in lines} == {str(account)}
    assert lines[-1]["available_after"] == total.available
    some = lines[len(lines) // 2]
    half, then = await told(env, "ndjson", account_id=account, position=some["position"])
    assert half.splitlines() == text.splitlines()[: len(half.splitlines())]
    assert (then.available, then.held) == (some["available_after"], some["held_after"])
    with pytest.raises(OutOfRange):
        await told(env, "ndjson", position=len(rows) + 1)
    with pytest.raises(NoSuchAccount):
        await told(env, "ndjson", account_id=rows[0][1].__class__(int=1))


async def test_an_account_that_was_put_away_is_summed_again(written):
    """However many accounts there are, only so many balances are in memory."""
    async with shelf_at(written[0]["DATABASE_URL"]) as shelf:
        found = await moves(shelf.conn, after=0, upto=len(written[1]), limit=10_000)
        wide, narrow = Books(shelf.conn), Books(shelf.conn, accounts_max=1)
        assert [await narrow.after(move) for move in found] == [await wide.after(move) for move in found]
    assert len({move.account_id for move in found}) > 1


def test_a_cell_that_a_spreadsheet_would_take_for_a_formula_is_made_harmless():
    made = as_csv([("=1+1", "+1", "-1", "@x", "\tx", "issued:welcome", -5)]).decode()
    assert next(csv.reader(io.StringIO(made))) == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "issued:welcome", "-5"]


async def test_the_command_replays_into_a_pipe_that_may_close(written):
    env = written[0]
    command = f"{shlex.quote(str(COMMAND))} audit replay | head -n 2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env={**env, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60)
    head, first, code = done.stdout.splitlines()
    assert head.split() == list(COLUMNS)
    assert first.split()[3] == "credits.granted"
    assert (code, done.stderr) == ("0", "")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--as-of", "999999999"], 2, "999999999 has not come yet"),
        (["--as-of", "yesterday"], 2, "neither a position nor a time"),
        (["--as-of", "1", "--as-of-effective", "2026-01-01T00:00:00Z"], 2, "one point only"),
        (["--account", "00000000-0000-0000-0000-000000000001"], 1, "there is no account"),
    ],
)
async def test_what_cannot_be_replayed_is_said_in_a_sentence(written, words, code, sentence):
    done = run("audit", "replay", *words, env=written[0])
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
