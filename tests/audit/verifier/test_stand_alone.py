"""One file that an auditor can read, and that shares nothing with what it checks."""

import ast
import re
import sys

from tests.support.verifying import VERIFIER

LINES_MAX = 500
FUNCTION_LINES_MAX = 40
TEXT = VERIFIER.read_text(encoding="utf-8")
TREE = ast.parse(TEXT, feature_version=(3, 9))


def imported() -> set[str]:
    """The first words of all that it imports, wherever."""
    names = [name.name for node in ast.walk(TREE) if isinstance(node, ast.Import) for name in node.names]
    names += [node.module or "." for node in ast.walk(TREE) if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def test_it_imports_the_standard_library_and_cryptography():
    assert {name for name in imported() if name not in sys.stdlib_module_names} == {"cryptography"}
    assert not {"importlib", "runpy", "subprocess", "socket", "urllib", "ctypes", "os"} & imported()
    called = {node.func.id for node in ast.walk(TREE) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"__import__", "eval", "exec", "compile", "input"}


def test_it_is_short_enough_to_be_read():
    assert TEXT.count("\n") <= LINES_MAX
    functions = [node for node in ast.walk(TREE) if isinstance(node, ast.FunctionDef)]
    assert {each.name: length for each in functions if (length := each.end_lineno - each.lineno + 1) > FUNCTION_LINES_MAX} == {}
    assert TEXT.isascii()


def test_it_speaks_an_old_python():
    """No syntax newer than 3.9 (the tree above), and no newer names: annotations are never evaluated."""
    assert "from __future__ import annotations" in TEXT
    newer = (r"zip\(.*strict=", r"\bmatch\b.*:$", "datetime.UTC", "tomllib", "ExceptionGroup", "itertools.pairwise")
    assert [pattern for pattern in newer if re.search(pattern, TEXT, re.MULTILINE)] == []


def test_it_opens_what_it_is_given_and_writes_nothing():
    opened = [ast.unparse(node) for node in ast.walk(TREE) if isinstance(node, ast.Call) and ast.unparse(node.func) == "open"]
    assert opened != [] and all(each.endswith("'rb')") for each in opened)
