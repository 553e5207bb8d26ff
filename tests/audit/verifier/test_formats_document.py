"""docs/formats.md is what the code does: its worked example is made again, and checked by the verifier."""

import re
from pathlib import Path

import psycopg
import pytest

from projections.notary import leaf as notary_leaf
from tests.support.formats_example import blocks, example_log
from tests.support.proof_files import COLUMNS, event_leaf
from tests.support.verifying import in_process

DOCUMENT = (Path(__file__).parent.parent.parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")
WRITTEN = dict(re.findall(r"<!-- example: (\w+) -->\n```\w*\n(.*?)\n```", DOCUMENT, re.DOTALL))


@pytest.mark.parametrize("name", blocks())
def test_the_worked_example_is_what_the_definitions_give(name):
    assert WRITTEN[name] == blocks()[name]


def test_the_example_is_complete():
    assert WRITTEN.keys() == blocks().keys()


@pytest.mark.parametrize("name", ["entry", "balance", "consistency", "export"])
def test_the_verifier_believes_the_files_of_the_document(verifier, tmp_path, name):
    """As somebody would try it: copied from the page."""
    for kind in (name, "key", "checkpoint"):
        (tmp_path / kind).write_text(WRITTEN[kind] + "\n", encoding="utf-8")
    said = in_process(verifier, tmp_path / name, "--key", tmp_path / "key", "--checkpoint", tmp_path / "checkpoint")
    assert (said.code, said.err) == (0, "")


def test_the_columns_are_those_of_the_document_the_verifier_and_the_notary(verifier):
    numbered = re.findall(r"^\| (\d+)(?:–(\d+))? \| (.+?) \|", DOCUMENT, re.MULTILINE)
    assert [name for _, _, names in numbered for name in re.findall(r"`(\w+)`", names)] == list(verifier.COLUMNS) == COLUMNS
    assert list(notary_leaf.COLUMNS) == COLUMNS
    assert [place for first, last, _ in numbered for place in range(int(first), int(last or first) + 1)] == list(range(1, 21))


async def test_the_columns_are_those_of_the_database(database_url):
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        found = await (await conn.execute("SELECT column_name FROM information_schema.columns WHERE table_schema = 'journal'"
                                          " AND table_name = 'events' ORDER BY ordinal_position")).fetchall()  # fmt: skip
    assert [name for (name,) in found] == COLUMNS


def test_three_programs_that_share_nothing_hash_alike(verifier):
    for event in example_log().events:
        row = [None if (value := verifier.raw_of(name, event[name])) is None else bytes(value) for name in COLUMNS]
        assert verifier.event_leaf(event) == event_leaf(event) == notary_leaf.leaf(row)
