"""`docs/security.md` says by which test each thing holds: every test and file that it names exists, and no limit is missing from it."""

import re

from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LIMITS = (ROOT / "domain" / "kernel" / "limits.py").read_text(encoding="utf-8")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|txt|toml|sql)|(?:[\w.-]+/)+)(?:::(\w+))?`")
ROWS = re.compile(r"^\| (API\d+|V\d+) .*\| (.*) \|$", re.MULTILINE)


def missing(page: str) -> list[str]:
    """What *page* names and is not there."""
    return [f"{path}::{name}" if name else path for path, name in NAMED.findall(page) if not is_there(path, name)]


def is_there(path: str, name: str) -> bool:
    place = ROOT / path
    if not name or not place.exists():
        return place.exists()
    return re.search(rf"^ *(?:async )?def {name}\(", place.read_text(encoding="utf-8"), re.MULTILINE) is not None


def test_every_test_and_file_that_is_named_exists():
    assert len(NAMED.findall(PAGE)) > 100
    assert missing(PAGE) == []


def test_what_is_not_there_would_be_noticed():
    assert missing("`tests/security/test_security_page.py::test_nothing` and `api/nowhere.py`") == [
        "tests/security/test_security_page.py::test_nothing",
        "api/nowhere.py",
    ]


def test_every_risk_and_every_chapter_stands_there_with_a_test():
    rows = dict(ROWS.findall(PAGE))
    assert set(rows) == {f"API{number}" for number in range(1, 11)} | {f"V{number}" for number in range(1, 18)}
    assert [name for name, held in rows.items() if "tests/" not in held and held != "not applicable"] == []


def test_every_limit_stands_in_the_table():
    names = re.findall(r"^([A-Z_]+_MAX) = ", LIMITS, re.MULTILINE)
    assert len(names) > 50
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_every_row_of_the_limits_names_where_and_by_which_test():
    table = PAGE.partition("## Limits")[2].partition("**Rate limits")[0]
    rows = [row.split(" | ") for row in table.splitlines() if row.startswith("| ")][1:]
    assert len(rows) > 25
    assert [row[0] for row in rows if len(row) != 4 or "tests/" not in row[3] or ".py`" not in row[2]] == []
