"""Tests say something, and none is left out in silence."""

import ast

import pytest

from tests.architecture.source import ROOT, functions
from tests.support.skips import Skips, allowed

pytest_plugins = ["pytester"]
#: Calls that assert.
SPEAKING = {"fail", "fnmatch_lines", "raises", "run_state_machine_as_test", "warns"}


def test_every_test_asserts_something():
    """In its own lines, or in those of a function of ours that it calls."""
    said = [(f"{each.place} {each.name}", each.name, says(each.node)) for each in functions("tests")]
    speaking = set(SPEAKING)
    for _ in range(3):  # helpers that call helpers that assert
        speaking |= {name for _, name, words in said if words & speaking}
    assert [place for place, name, words in said if name.startswith("test_") and not words & speaking] == []


def says(function: ast.AST) -> set[str]:
    """The names of what *function* calls, and `fail` if it asserts."""
    return {
        "fail" if isinstance(node, ast.Assert) else getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(function)
        if isinstance(node, ast.Assert | ast.Call)
    }


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
    pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope = function\npythonpath = {ROOT}")
    assert pytester.runpytest_inprocess("-k", "test_listed").ret == 0
    refused = pytester.runpytest_inprocess()
    assert refused.ret == pytest.ExitCode.TESTS_FAILED
    refused.stdout.fnmatch_lines(["*skipped, but not listed with a reason in tests/skips.txt: test_it.py::test_unlisted"])
    assert Skips({}).unlisted == []
