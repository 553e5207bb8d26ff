"""Tests say something, and none is left out in silence."""

import ast

import pytest

from tests.architecture.source import ROOT, functions
from tests.support.skips import Skips, allowed

pytest_plugins = ["pytester"]
SPEAKING = ("assert", "check", "expect", "raises", "refuse", "warns", "fail")


def test_every_test_asserts_something():
    silent = [
        f"{each.place} {each.name}"
        for each in functions("tests")
        if each.name.startswith("test_") and not any(speaks(node) for node in ast.walk(each.node))
    ]
    assert silent == []


def speaks(node: ast.AST) -> bool:
    """Whether *node* is an assertion, or a call whose name promises one."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return any(word in name for word in SPEAKING)
    return isinstance(node, ast.Assert)


def test_the_list_of_skips_names_tests_that_exist():
    rules = allowed((ROOT / "tests" / "skips.txt").read_text(encoding="utf-8"))
    known = {f"{each.place.rpartition(':')[0]}::{each.name}" for each in functions("tests")}
    assert {rule for rule in rules if "::" in rule} - known == set()


def test_a_skip_needs_a_reason():
    with pytest.raises(ValueError, match=r"is not `test id \| reason`"):
        allowed("tests/x.py::test_x |")


def test_an_unlisted_skip_fails_the_run_and_a_listed_one_does_not(pytester):
    pytester.makeconftest(
        """
        from tests.support.skips import Skips

        def pytest_configure(config):
            config.pluginmanager.register(Skips({"test_it.py::test_listed": "reason"}))
        """
    )
    pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.skip
        @pytest.mark.parametrize("n", [1, 2])
        def test_listed(n): assert n

        @pytest.mark.skip
        def test_unlisted(): assert True
        """
    )
    pytester.makeini(f"[pytest]\npythonpath = {ROOT}")
    assert pytester.runpytest_inprocess("-k", "test_listed").ret == 0
    refused = pytester.runpytest_inprocess()
    assert refused.ret == pytest.ExitCode.TESTS_FAILED
    refused.stdout.fnmatch_lines(["*skipped, but not listed with a reason in tests/skips.txt: test_it.py::test_unlisted"])
    assert Skips({}).unlisted == []
