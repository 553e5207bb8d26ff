"""Documents and figures: written from each other's markers, and checked."""

import json

import pytest

from tests.bench import documents
from tests.bench.load_factors import Measured, at_factor
from tests.bench.page import MISSING, cpu, measured_of, points, sizes, sums


def figures(**values: float) -> dict:
    unit = {name: "µs CPU" if name.startswith("CPU ") else "/s" for name in values}
    return {name: {"unit": unit[name], "min": value, "median": value, "max": value} for name, value in values.items()}


LATEST = {
    "date": "2026-01-01",
    "commit": "abc",
    "machine": "two cores",
    "rounds": 1,
    "rows": [
        {"key": key, "name": key, "beside": "nothing", "rounds": 1, "floors": [], "figures": values}
        for key, values in {
            "append": figures(ours=6_000.0),
            "end-to-end": figures(
                **{"ours": 1_000.0, "CPU api": 350.0, "CPU worker": 700.0, "CPU projector": 70.0, "CPU PostgreSQL": 700.0, "CPU Redis": 7.0}
            ),
            "sizes": figures(
                **{
                    "commands": 3.0,
                    "events": 5.0,
                    "log": 4_000.0,
                    "read models": 1_000.0,
                    "proofs": 0.0,
                    "objects with a picture": 2.0,
                    "bytes of objects with a picture": 10.0,
                }
            ),
        }.items()
    ],
}


def test_sums_follow_from_what_one_generation_costs():
    column = at_factor(measured_of(LATEST), 10)
    assert column["generations a second"] == "10,000"
    assert column["events a second"] == "50,000"
    # 350 µs of each second's 700 ms: 2,000 generations a core.
    assert column["api processes"] == "5"
    assert column["cores of PostgreSQL"] == "10"
    assert column["cores of Redis"] == "1"
    # Half of 6,000 commands a second, three of them for each generation: 1,000 generations a log.
    assert column["logs, each with dispatcher, notary and projector"] == "10"
    assert column["growth of PostgreSQL a day"] == "4.32 TB"


def test_a_log_is_also_bound_by_the_one_projector_that_folds_it():
    slow = measured_of(LATEST)._replace(cpu={**measured_of(LATEST).cpu, "projector": 7_000.0})
    assert isinstance(slow, Measured)
    assert at_factor(slow, 1)["logs, each with dispatcher, notary and projector"] == "10"


@pytest.mark.parametrize("block", [cpu, sizes, sums, points])
def test_what_was_not_measured_is_not_said(block):
    assert block({**LATEST, "rows": []}) == MISSING
    assert MISSING not in block(LATEST)


def test_documents_are_written_between_markers_and_checked(tmp_path, monkeypatch, capsys):
    document, latest = tmp_path / "page.md", tmp_path / "latest.json"
    document.write_text("before\n<!-- bench:cpu -->\nold\n<!-- /bench:cpu -->\nafter\n")
    latest.write_text(json.dumps(LATEST))
    monkeypatch.setattr(documents, "LATEST", latest)
    monkeypatch.setattr(documents, "DOCUMENTS", {document: {"bench:cpu": cpu}})
    assert documents.main(["--check"]) == 1
    assert "page.md" in capsys.readouterr().err
    assert documents.main([]) == 0
    assert documents.main(["--check"]) == 0
    text = document.read_text()
    assert text.startswith("before\n<!-- bench:cpu -->\n| process |") and text.endswith("<!-- /bench:cpu -->\nafter\n")
    assert "| api | 350 | 350 – 350 |" in text
    assert "old" not in text


def test_a_document_without_markers_is_refused():
    with pytest.raises(ValueError, match="bench:cpu"):
        documents.written("nothing here", LATEST, {"bench:cpu": cpu})
