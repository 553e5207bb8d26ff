"""The Makefile: its help is complete, old makes read it, and .ci/run does what a person does."""

import os
import re
import subprocess

from tests.support.owners import ROOT

TEXT = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = {
    *("audit-dependencies", "bench", "chaos", "clean", "coverage", "demo", "environment", "help", "limits", "lint", "locks"),
    *("proof", "simulate", "soak", "test", "test-long", "up"),
}


def test_help_lists_every_target_with_a_line():
    done = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert {line.split()[1] for line in done.stdout.splitlines()} == TARGETS
    assert all(len(line.split()) > 2 for line in done.stdout.splitlines())


def test_every_target_is_phony():
    declared = re.search(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE)
    assert set(declared[1].split()) == TARGETS


def test_nothing_in_it_is_newer_than_make_3_81():
    assert re.findall(r"^\.ONESHELL|!=|\$\(file |^\S+ *::?:?= *\$\(guile|&:|\.EXTRA_PREREQS", TEXT, re.MULTILINE) == []


def test_no_recipe_uses_an_absolute_path_of_the_checkout():
    assert "CURDIR" not in TEXT
    assert "$(PWD)" not in TEXT


def test_the_build_server_runs_make_test_and_says_so():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "exec make test" in script.read_text(encoding="utf-8")
    assert "echo" in script.read_text(encoding="utf-8")
