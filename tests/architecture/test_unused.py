"""What has a name is used: a limit that nothing checks, a setting that nothing reads, a refusal that nobody raises say what is not so."""

import ast
from collections.abc import Iterator
from functools import cache

from api.kit.problems import known_refusals
from api.routes import ROUTES
from daybook.settings import Settings
from domain.kernel import limits
from tests.architecture.source import HOUSE, Module, modules

#: They only pass on, or list, what others use.
LISTS = frozenset({"api/routes.py", "daybook/in_force.py"})


def read_in(module: Module) -> Iterator[str]:
    """Every name that is read, whether by itself or as an attribute."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr


@cache
def used() -> frozenset[str]:
    return frozenset(name for module in modules(*HOUSE) if module.path not in LISTS for name in read_in(module))


def test_every_limit_limits_something():
    assert [name for name in vars(limits) if name.isupper() and name not in used()] == []


def test_every_setting_is_read():
    assert [name for name in Settings.__struct_fields__ if name not in used()] == []


def test_every_refusal_is_raised():
    assert len(ROUTES) > 100, "with them, every refusal is imported"
    ours = [kind for kind in known_refusals().values() if kind.__module__.startswith(HOUSE)]
    assert len(ours) > 100
    assert [kind.__name__ for kind in ours if kind.__name__ not in used()] == []
