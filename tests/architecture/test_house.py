"""The house: which way imports go, what the domain may know, and how things are called."""

import ast

import pytest

from domain.aggregates import AGGREGATES
from tests.architecture.source import FLOORS, HOUSE, Module, imported, imported_at_load, modules

#: The domain has no clock, no chance, no input and no output.
WORLDLY = {
    *("aiofiles", "asyncio", "dramatiq", "httpx", "logging", "minio", "os", "psycopg", "psycopg_pool", "random", "redis", "sanic"),
    *("secrets", "socket", "sqlite3", "structlog", "subprocess", "tempfile", "threading", "time", "urllib", "uuid_utils"),
}
ANSWERS_OF_HTTP = {201, 202, 204, 304, 401, 402, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 429, 502, 503, 504}
#: Settings, and what a terminal says about itself (NO_COLOR, TERM).
READERS_OF_THE_ENVIRONMENT = {"daybook/cli/terminal.py", "daybook/environment.py", "daybook/settings.py"}
NOW = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7"}
NAMES_THAT_SAY_NOTHING = {"common", "helper", "helpers", "misc", "shared", "stuff", "util", "utils"}


def test_imports_go_down_the_floors_never_up_and_never_to_a_neighbour():
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in modules(*FLOORS)
        for line, name in imported(module)
        if (other := name.split(".")[0]) in FLOORS and other != module.package and FLOORS[other] >= FLOORS[module.package]
    ]
    assert wrong == []


def test_imports_name_their_module_in_full():
    relative = [
        f"{module.path}:{node.lineno}"
        for module in modules(*FLOORS)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert relative == []


def test_no_module_imports_itself_by_way_of_others():
    known = {module.name: module for module in modules(*HOUSE)}
    edges = {
        name: {target for each in imported_at_load(module) if (target := owner(each, known)) not in (None, name)}
        for name, module in known.items()
    }
    assert circle(edges) == []


def owner(name: str, known: dict[str, Module]) -> str | None:
    """The module of ours that an imported *name* belongs to."""
    return name if name in known else (parent if (parent := name.rpartition(".")[0]) in known else None)


def circle(edges: dict[str, set[str | None]]) -> list[str]:
    """Some modules that go round in a circle: what is left when all that import nothing left have been taken away."""
    left = {name: set(targets) for name, targets in edges.items()}
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def test_the_domain_knows_no_clock_no_chance_and_nothing_outside():
    worldly = [
        f"{module.path}:{line} imports {name}"
        for module in modules("domain")
        for line, name in imported(module)
        if name.split(".")[0] in WORLDLY
    ]
    asked = [
        f"{module.path}:{node.lineno} calls {node.func.attr}()"
        for module in modules("domain")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in NOW
        and not node.args
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("datetime", "date", "uuid")
    ]
    assert worldly + asked == []


def test_the_domain_does_not_speak_http():
    numbers = [
        f"{module.path}:{node.lineno} says {node.value}"
        for module in modules("domain")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in ANSWERS_OF_HTTP
    ]
    assert numbers == []


def test_another_features_aggregate_is_imported_only_by_handlers():
    aggregates = {f"{aggregate.__module__}.{aggregate.__name__}" for aggregate in AGGREGATES}
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in modules("domain")
        if module.path.count("/") == 2 and not module.path.endswith("/handlers.py")
        for line, name in imported(module)
        if name in aggregates and name.split(".")[1] != module.name.split(".")[1]
    ]
    assert len(aggregates) >= 4
    assert wrong == []


def test_the_environment_is_read_in_one_place():
    readers = {
        module.path
        for module in modules(*HOUSE)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "environb", "getenv", "putenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }
    assert readers - READERS_OF_THE_ENVIRONMENT == set()


@pytest.mark.parametrize("package", FLOORS)
def test_names_say_what_is_inside(package):
    parts = {part for module in modules(package) for part in module.name.split(".")}
    assert parts & NAMES_THAT_SAY_NOTHING == set()


def test_nothing_is_done_at_import():
    """Module level holds constants, tables, functions and classes: no pool, client, server or clock."""
    doers = {
        "connect",
        "from_url",
        "AsyncClient",
        "Client",
        "ConnectionPool",
        "AsyncConnectionPool",
        "Redis",
        "Minio",
        "Thread",
        "now",
        "monotonic",
    }
    wrong = [
        f"{module.path}:{node.lineno} calls {called(node)}"
        for module in modules(*HOUSE)
        for statement in module.tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr) and not isinstance(getattr(statement, "value", None), ast.Lambda)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and called(node) in doers
    ]
    assert wrong == []


def called(call: ast.Call) -> str:
    """The last word of what is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))
