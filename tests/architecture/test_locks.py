"""The locks name packages and hashes, never where they came from; and this environment is what they say."""

import re
from importlib.metadata import version

import pytest

from tests.architecture.source import ROOT

LOCKS = ("requirements.txt", "requirements-bench.txt", "requirements-lint.txt", "requirements-test.txt", "requirements-traces.txt")
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_contains_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\S*://\S*|file:\S*|--index-url|--extra-index-url|--find-links|^-i .*|.* @ .*", text, re.MULTILINE) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_is_pinned_with_hashes(name):
    lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    packages = re.split(r"\n(?=\S)", "\n".join(lines))
    assert len(packages) > 2
    assert [block for block in packages if not PINNED.match(block) or "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_everything_its_source_asks_for(name):
    asked = {
        line.split("[")[0].strip()
        for line in (ROOT / name.replace(".txt", ".in")).read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", "-c"))
    }
    assert asked - {package for package, _ in PINNED.findall((ROOT / name).read_text(encoding="utf-8"))} == set()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_the_environment_of_this_run_is_the_locked_one(name):
    source = (ROOT / name.replace(".txt", ".in")).read_text(encoding="utf-8")
    asked = [line.split("[")[0].strip() for line in source.splitlines() if line and not line.startswith(("#", "-c"))]
    locked: dict[str, set[str]] = {}
    for package, number in PINNED.findall((ROOT / name).read_text(encoding="utf-8")):
        locked.setdefault(package, set()).add(number)
    assert {package: version(package) for package in asked if version(package) not in locked[package]} == {}
