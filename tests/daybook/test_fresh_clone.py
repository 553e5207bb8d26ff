"""`make proof` on a small repository: a fresh clone, its own environment, and what each step wrote."""

import subprocess

import pytest

from tests.support import fresh_clone

MAKEFILE = """
.PHONY: bench chaos demo
bench:
	@echo "here: $(CURDIR)"; echo "setting: $${DATABASE_URL-none}"; echo "args: $(ARGS)"
	@echo new > bench/latest.json; echo new > bench/curves.json
chaos:
	@exit 3
demo:
	@true
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    root = tmp_path / "checkout"
    (root / "bench").mkdir(parents=True)
    (root / "Makefile").write_text(MAKEFILE)
    (root / "bench" / "latest.json").write_text("old\n")
    git = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.test"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all of it"]):
        subprocess.run([*git, *words], check=True)
    (root / "Makefile").write_text("bench:\n\t@exit 9\n")  # not committed, so not in the clone
    monkeypatch.setattr(fresh_clone, "ROOT", root)
    monkeypatch.setattr(fresh_clone, "REPORTS", root / ".reports" / "fresh-clone")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere")
    return root


def run(monkeypatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["fresh_clone", *words])
    return fresh_clone.main()


def test_a_step_runs_in_a_clone_with_nothing_of_this_shell(checkout, monkeypatch, capsys):
    assert run(monkeypatch, "bench --rounds 1", "demo") == 0
    said = capsys.readouterr().out
    assert "a fresh clone" in said and "setting: none" in said and "args: --rounds 1" in said
    kept = checkout / ".reports" / "fresh-clone"
    assert (kept / "bench" / "bench" / "latest.json").read_text() == "new\n"
    assert "args: --rounds 1" in (kept / "bench.log").read_text()
    assert (checkout / "bench" / "latest.json").read_text() == "old\n"


def test_what_it_wrote_is_taken_when_asked(checkout, monkeypatch):
    assert run(monkeypatch, "--take", "bench") == 0
    assert (checkout / "bench" / "latest.json").read_text() == "new\n"


def test_a_step_that_fails_or_writes_nothing_fails_the_whole(checkout, monkeypatch, capsys):
    assert run(monkeypatch, "chaos", "demo") == 1
    said = capsys.readouterr().out
    assert "make chaos   FAILED  exit 2" in said and "not written: docs/chaos-runs.md" in said
    assert "make demo    ok" in said
