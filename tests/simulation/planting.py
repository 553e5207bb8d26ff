"""Planting a bug: one piece of a function's text is replaced, and the function runs the new code until the block ends."""

import ast
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import CodeType, FunctionType
from typing import Any, NamedTuple


class Bug(NamedTuple):
    """In *module*, which stands for the code of the house or of the twin, *text* is *instead*."""

    name: str
    module: str
    text: str
    instead: str


class NotThere(AssertionError):
    """The text is not in the source any more, or more than once: the bug has to be planted anew."""


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Raises NotThere."""
    module = import_module(bug.module)
    source = inspect.getsource(module)
    if source.count(bug.text) != 1:
        raise NotThere(f"{bug.name}: {source.count(bug.text)} times in {bug.module}")
    mutated = source.replace(bug.text, bug.instead)
    path = _path(ast.parse(source), source[: source.index(bug.text)].count("\n") + 1, bug.text.count("\n"))
    function = _function(module, path)
    before = function.__code__
    function.__code__ = _code(compile(mutated, str(module.__file__), "exec"), ".".join(path))
    try:
        yield
    finally:
        function.__code__ = before


def _path(tree: ast.AST, line: int, more: int) -> list[str]:
    """Names from the module down to the outermost function around the line."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        if first <= line <= line + more <= (node.end_lineno or 0):
            return [node.name] if not isinstance(node, ast.ClassDef) else [node.name, *_path(node, line, more)]
    raise NotThere("it stands in no function")


def _function(module: Any, path: list[str]) -> FunctionType:
    found: Any = module
    for name in path:
        found = inspect.getattr_static(found, name)
    found = getattr(found, "fget", None) or getattr(found, "__func__", found)
    found = inspect.unwrap(found)
    assert isinstance(found, FunctionType), path
    return found


def _code(code: CodeType, qualified: str) -> CodeType:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == qualified:
                return each
            if qualified.startswith(each.co_qualname + "."):
                return _code(each, qualified)
    raise NotThere(qualified)
