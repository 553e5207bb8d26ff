"""What the documents point to is there, and their maps are of this house."""

import re
from pathlib import Path

import pytest
import typer

from daybook.cli.app import build
from tests.architecture.source import FLOORS

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "clients" / "python" / "README.md"]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
ROOMS = (*FLOORS, "clients", "docs")
PLACE = re.compile(rf"`((?:{'|'.join(ROOMS)})/[\w./-]+)`")
README = DOCUMENTS[0].read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_places_are_there(document):
    text = document.read_text(encoding="utf-8")
    # Pictures and figures of a bench are there once it has run.
    links = [document.parent / link for link in LINK.findall(text) if not link.endswith(".png")]
    places = [ROOT / place for place in PLACE.findall(text)]
    assert [str(path) for path in (*links, *places) if not path.exists()] == []


def test_the_table_of_rooms_names_them_all():
    table = README.split("## The rooms")[1].split("### ")[0]
    assert {name.split("/")[0] for name in re.findall(r"^\| `([\w/]+)/` \|", table, re.MULTILINE)} == {*FLOORS, "clients"}


def test_the_table_of_commands_names_them_all():
    table = README.split("## The command line")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`daybook .*?) \| ", table, re.MULTILINE)
    commands = typer.main.get_command(build()).commands
    assert {words.split()[0] for row in rows for words in re.findall(r"`(?:daybook )?([^`]+)`", row)} >= commands.keys()


def test_the_table_of_what_is_kept_names_every_schema():
    table = ARCHITECTURE.split("## What is kept where")[1].split("\n## ")[0]
    sources = [*(ROOT / "infra").rglob("*.sql"), *(ROOT / "infra").rglob("*.py"), *(ROOT / "projections").rglob("*.py")]
    made = {name for path in sources for name in re.findall(r"CREATE SCHEMA (?:IF NOT EXISTS )?(\w+)", path.read_text(encoding="utf-8"))}
    # Where a read model is built again, beside the live one.
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == made - {"read_building"}


def test_the_table_of_roles_names_them_all():
    table = ARCHITECTURE.split("## The processes")[1].split("\n## ")[0]
    modules = {path.stem for path in (ROOT / "daybook" / "processes").glob("*.py")}
    roles = modules - {"__init__", "__main__", "control", "entry", "followers", "run"}
    assert set(re.findall(r"^\| (\w+) \| [a-z]", table, re.MULTILINE)) - {"role"} >= roles


def test_the_glossary_is_in_order():
    words = re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)[2:]
    assert len(words) > 80
    assert words == sorted(words, key=lambda word: re.sub(r"[^a-z ]", "", word.lower()))
