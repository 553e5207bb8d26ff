"""The source of the house as syntax trees, for the tests of its rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
#: From the ground up. A package imports itself and what lies below, never a neighbour.
FLOORS = {"domain": 0, "projections": 1, "api": 2, "infra": 2, "workers": 2, "daybook": 3, "tests": 4}
HOUSE = tuple(name for name in FLOORS if name != "tests")


class Module(NamedTuple):
    """One file: its place below the root, its dotted name and its text."""

    path: str
    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """Parsed each time: the nodes of all files are millions of objects, and to keep them would slow every test that comes after."""
        return ast.parse(self.text)

    @property
    def package(self) -> str:
        return self.name.split(".")[0]

    @property
    def lines(self) -> int:
        return self.text.count("\n")


class Function(NamedTuple):
    """One function: where it is and how long, from `def` to its last line."""

    place: str
    name: str
    lines: int
    node: ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """Every file of *packages*, in order of path."""
    found = []
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            place = path.relative_to(ROOT)
            name = ".".join(place.with_suffix("").parts).removesuffix(".__init__")
            found.append(Module(str(place), name, text))
    return tuple(found)


def functions(*packages: str) -> Iterator[Function]:
    """Every function of *packages*."""
    for module in modules(*packages):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(f"{module.path}:{node.lineno}", node.name, (node.end_lineno or node.lineno) - node.lineno + 1, node)


def imported(module: Module, tree: ast.AST | None = None) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything *module* imports, wherever in the file; `from a import b` counts as `a.b`."""
    for node in ast.walk(tree or module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def imported_at_load(module: Module) -> Iterator[str]:
    """What *module* imports while it is being imported: not inside functions, not for types only."""
    for statement in module.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield from (name for _, name in imported(module, statement))


def percentile(values: list[int], share: float) -> int:
    """The value below which *share* of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
