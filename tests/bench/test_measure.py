"""What `make bench` makes of rounds: floors, rows that fail, and its exit code."""

from tests.bench.__main__ import _judged, _measured
from tests.bench.measure import Floor, Row, summary
from tests.bench.table import rendered


def row(measure, floors=(), **values) -> Row:
    return Row(key="one", name="one row", beside="nothing", measure=measure, floors=list(floors), **values)


def of_rounds(*rounds: dict[str, float], floors: list[Floor]) -> list[bool]:
    return [floor["holds"] for floor in summary(row(lambda stand: {}, floors), list(rounds))["floors"]]


def test_a_floor_looks_at_the_median_of_the_rounds():
    floors = [Floor("rate", 100), Floor("rate", 101), Floor("p99", 5, least=False), Floor("p99", 4, least=False)]
    rounds = [{"rate": 1.0, "p99": 5.0}, {"rate": 100.0, "p99": 90.0}, {"rate": 900.0, "p99": 1.0}]
    assert of_rounds(*rounds, floors=floors) == [True, False, True, False]


def test_a_floor_against_another_figure_is_a_ratio():
    floors = [Floor("ours", 10, per="theirs"), Floor("large", 1.5, least=False, per="small")]
    assert of_rounds({"ours": 50.0, "theirs": 5.0, "large": 3.1, "small": 2.0}, floors=floors) == [True, False]


def test_a_ratio_is_of_figures_of_the_same_round():
    """A quick minute of the machine, a slow one, and one that changed in between."""
    rounds = [{"ours": 120.0, "theirs": 10.0}, {"ours": 55.0, "theirs": 5.0}, {"ours": 54.0, "theirs": 9.0}]
    assert of_rounds(*rounds, floors=[Floor("ours", 11, per="theirs"), Floor("ours", 11.1, per="theirs")]) == [True, False]


def test_a_row_that_raises_is_told_and_fails_the_run_without_the_others():
    def refuses(stand):
        raise RuntimeError("not every submit was accepted | none")

    good, bad = _measured([row(lambda stand: {"rate": 7.0}, [Floor("rate", 5)]), row(refuses)], stand=None, asked=2)
    assert _judged([good], lost=[]) == 0
    assert _judged([good, bad], lost=[]) == 1
    assert _judged([good], lost=["latency"]) == 1
    table = rendered({"date": "d", "commit": "c", "machine": "m", "rounds": 2, "rows": [good, bad]})
    assert "rate **7.00** /s (7.00 – 7.00)" in table
    assert "could not be measured: RuntimeError: not every submit was accepted / none ✗" in table


def test_a_row_below_its_floor_fails_the_run():
    assert _judged(_measured([row(lambda stand: {"rate": 4.0}, [Floor("rate", 5)])], stand=None, asked=1), lost=[]) == 1


def test_rounds_go_in_turn():
    seen: list[str] = []
    rows = [row(lambda stand, each=each: {"rate": seen.append(each) or 1.0}, rounds_most=most) for each, most in (("a", None), ("b", 1))]
    assert [one["rounds"] for one in _measured(rows, stand=None, asked=3)] == [3, 1]
    assert seen == ["a", "b", "a", "a"]


def test_an_expensive_row_takes_fewer_rounds_and_says_so():
    expensive = row(lambda stand: {"rate": 4.0}, rounds_most=2)
    assert (expensive.rounds(5), expensive.rounds(1), row(lambda stand: {}).rounds(5)) == (2, 1, 5)
    [measured] = _measured([expensive], stand=None, asked=5)
    assert "| one row (2 rounds) |" in rendered({"date": "d", "commit": "c", "machine": "m", "rounds": 5, "rows": [measured]})
