"""Each rule of a soak holds for what is flat and fails for what grows."""

from dataclasses import replace

from tests.soak.client import Measured
from tests.soak.samples import MIB, Process, Sample, Table
from tests.soak.verdicts import Verdict, all_of, busy, slope

HOUR = 3600.0
FLAT = Sample(
    at=0,
    now=0,
    processes={name: Process(100, 150, 0, 20, 1) for name in ("api", "client", "PostgreSQL")},
    tables={
        "dispatch.work": Table(MIB, MIB, 10, 100, 0, 0, 0, 0, 0, 0),
        "journal.events": Table(500 * MIB, 100 * MIB, 1_000_000, 0, 0, 0, 0, 0, 0, 0),
        "read.models": Table(MIB, MIB, 13, 100, 0, 0, 0, 0, 0, 0),
    },
    lags={"generations": 5},
    work={"ready": 2},
    connections=40,
    client_connections=4,
    oldest_transaction_seconds=0.01,
    redis_bytes=MIB,
    busy_seconds=0.0,
)


def soak(**change: object) -> list[Verdict]:
    """An hour of samples; *change* says of a sample's part how it is at a share of the time."""
    samples = []
    for number in range(120):
        sample = replace(FLAT, now=number * 30.0)
        for name, make in change.items():
            if name != "ms":
                sample = replace(sample, **{name: make(number / 120)})
        samples.append(sample)
    milliseconds = change.get("ms", lambda share: 10.0)
    return all_of(samples, lambda begin, end: {"submit": [milliseconds(begin / HOUR)] * 500}, 0, HOUR)


def failing(**change: object) -> list[str]:
    return [verdict.what for verdict in soak(**change) if not verdict.holds]


def test_what_is_flat_holds_everywhere():
    assert failing() == []
    assert len(soak()) >= 9


def test_memory_that_grows_fails_and_that_of_the_warm_up_does_not():
    def processes(mib):
        return {**FLAT.processes, "api": Process(mib, 150, 0, 20, 1)}

    assert failing(processes=lambda share: processes(100 + 60 * share)) == ["memory of api"]
    assert failing(processes=lambda share: processes(100 + 60 * min(share, 0.2))) == []
    assert failing(processes=lambda share: processes(700)) == ["memory of api"]


def test_files_of_the_api_count_without_its_clients_connections():
    def processes(files):
        return {**FLAT.processes, "api": Process(100, 150, 0, files, 1)}

    assert failing(processes=lambda share: processes(20 + int(60 * share))) == ["open files of api"]
    many = {"processes": lambda share: processes(20 + int(60 * share)), "client_connections": lambda share: int(60 * share)}
    assert failing(**many) == []


def test_tables_that_bloat_fail_and_one_that_grows_by_its_rows_does_not():
    def tables(**changed):
        return {**FLAT.tables, **{name.replace("_", ".", 1): table for name, table in changed.items()}}

    assert failing(tables=lambda share: tables(dispatch_work=replace(FLAT.tables["dispatch.work"], heap=int(20 * MIB * share)))) == [
        "size of dispatch.work"
    ]
    grown = FLAT.tables["journal.events"]
    assert failing(tables=lambda share: tables(journal_events=replace(grown, heap=int(grown.heap * (1 + share))))) == [
        "size of journal.events"
    ]
    steady = {"heap": lambda share: int(grown.heap * (1 + share)), "live": lambda share: int(grown.live * (1 + share))}
    assert failing(tables=lambda share: tables(journal_events=replace(grown, **{name: make(share) for name, make in steady.items()}))) == []


def test_latency_followers_and_queue_that_get_worse_fail():
    assert failing(ms=lambda share: 60.0 if share < 0.4 else 100.0) == ["p99 of all that is answered at once", "p99 of submit"]
    assert failing(ms=lambda share: 10.0 if share < 0.4 else 45.0) == []
    assert failing(lags=lambda share: {"usage_daily": int(10_000 * share)}) == ["followers"]
    assert failing(work=lambda share: {"ready": int(1_000 * share)}) == ["queue"]
    assert failing(oldest_transaction_seconds=lambda share: 10.0) == ["oldest transaction"]
    assert failing(connections=lambda share: int(40 + 60 * share)) == ["connections to PostgreSQL"]


def test_late_answers_are_judged_by_their_share():
    measured = Measured()
    measured.statuses.update({200: 10_000})
    assert busy(measured).holds
    measured.busy, measured.behind = 6, 6
    assert not busy(measured).holds


def test_slope_is_by_least_squares():
    assert slope([(0, 1), (1, 3), (2, 5)]) == 2
    assert slope([(0, 1)]) == 0
