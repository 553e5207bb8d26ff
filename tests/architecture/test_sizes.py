"""Small files, small functions: a reader holds one at a time."""

from statistics import median

import pytest

from tests.architecture.source import FLOORS, HOUSE, functions, modules, percentile

FILE_LINES = {"median": 90, "p95": 250, "most": 400}
FUNCTION_LINES = {"median": 8, "p95": 40, "most": 60}


@pytest.mark.parametrize("package", FLOORS)
def test_no_file_is_longer_than_a_reader_can_hold(package):
    assert {module.path: module.lines for module in modules(package) if module.lines > FILE_LINES["most"]} == {}


@pytest.mark.parametrize("package", FLOORS)
def test_no_function_is_longer_than_a_screen(package):
    assert {f"{each.place} {each.name}": each.lines for each in functions(package) if each.lines > FUNCTION_LINES["most"]} == {}


def test_most_files_are_short():
    lines = [module.lines for module in modules(*HOUSE) if module.text.strip()]
    assert median(lines) <= FILE_LINES["median"]
    assert percentile(lines, 0.95) <= FILE_LINES["p95"]


def test_most_functions_are_short():
    lines = [function.lines for function in functions(*HOUSE)]
    assert median(lines) <= FUNCTION_LINES["median"]
    assert percentile(lines, 0.95) <= FUNCTION_LINES["p95"]
