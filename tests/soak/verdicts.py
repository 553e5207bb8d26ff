"""The rules by which a soak is judged. Pure: samples and answers in, verdicts out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from tests.bench.load import quantile
from tests.soak.client import Measured
from tests.soak.samples import MIB, Sample

#: Growth of a process' own memory over the last two thirds: so many MiB an hour, or so many at all.
MEMORY_MIB_PER_HOUR, MEMORY_MIB = 24.0, 12.0
MEMORY_MIB_MAX = 600.0
#: The engines keep caches of their own; PostgreSQL's backends are counted together.
MEMORY_ENGINE_MIB_PER_HOUR = 64.0
FILES_MORE = 12
#: The queue's table: as large as it was, or smaller than this.
WORK_TIMES, WORK_BYTES = 1.5, 4 * MIB
#: Tables that grow with what happens: bytes for each row.
ROW_BYTES_TIMES = 1.3
#: Tables that are small by nature.
SMALL_BYTES, SMALL_TIMES = 4 * MIB, 1.5
P99_TIMES = 1.5
#: Below this nobody notices a ratio, and a class needs so many answers in each third to be judged.
P99_MS, ANSWERS_MIN = 50.0, 200
LAG_EVENTS, QUEUE_ROWS = 2_000, 200
OLDEST_SECONDS = 5.0
BUSY_SHARE = 0.001
CLIENT_CORE_SHARE = 0.35
ALL, SLOW_BY_INTENT = "all that is answered at once", ("login", "register", "submit and wait")
WARM_UP_SHARE = 1 / 6
ENGINES = ("PostgreSQL", "Redis")
#: The client's book grows by what it must remember.
UNJUDGED = ("client",)


@dataclass(frozen=True)
class Verdict:
    what: str
    rule: str
    reached: str
    holds: bool


def thirds(begin: float, end: float) -> list[tuple[float, float]]:
    """What is left after the warm-up, in three."""
    begin += (end - begin) * WARM_UP_SHARE
    width = (end - begin) / 3
    return [(begin + number * width, begin + (number + 1) * width) for number in range(3)]


def within(samples: Sequence[Sample], span: tuple[float, float]) -> list[Sample]:
    return [sample for sample in samples if span[0] <= sample.now < span[1]]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares: how much y grows with 1 of x. 0 for fewer than two points."""
    if len(points) < 2:
        return 0.0
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def memory(samples: Sequence[Sample], begin: float, end: float) -> list[Verdict]:
    """*samples* of the whole time; judged are the last two thirds."""
    _, second, third = thirds(begin, end)
    judged = within(samples, (second[0], third[1]))
    hours = (third[1] - second[0]) / 3600
    found = []
    for name in sorted({name for sample in judged for name in sample.processes} - set(UNJUDGED)):
        points = [(sample.now / 3600, sample.processes[name].own_mib) for sample in judged if name in sample.processes]
        per_hour = slope(points)
        most = max(y for _, y in points)
        allowed = MEMORY_ENGINE_MIB_PER_HOUR if name in ENGINES else MEMORY_MIB_PER_HOUR
        holds = (per_hour <= allowed or per_hour * hours <= MEMORY_MIB) and most <= MEMORY_MIB_MAX
        rule = f"grows ≤ {allowed:g} MiB/h or ≤ {MEMORY_MIB:g} MiB in all, and ≤ {MEMORY_MIB_MAX:g} MiB"
        found.append(
            Verdict(f"memory of {name}", rule, f"{per_hour:+.1f} MiB/h ({per_hour * hours:+.1f} MiB), at most {most:.0f} MiB", holds)
        )
    return found


def files(samples: Sequence[Sample], begin: float, end: float) -> list[Verdict]:
    """Of each of a family's processes, and of the API without its clients' connections: children that begin when they are first needed
    have files of their own. PostgreSQL's backends are counted instead: each keeps many files open by intent.
    """
    first, _, third = (within(samples, span) for span in thirds(begin, end))
    found = []
    for name in sorted({name for sample in third for name in sample.processes} - set(UNJUDGED) - {"PostgreSQL"}):
        counts = [[opened(sample, name) for sample in part if name in sample.processes] or [0.0] for part in (first, third)]
        before, after = map(median, counts)
        rule = f"of each process ≤ {FILES_MORE} more in the last third"
        found.append(Verdict(f"open files of {name}", rule, f"{before:.0f}, then {after:.0f}", after <= before + FILES_MORE))
    before, after = (median(sample.connections for sample in part) if part else 0.0 for part in (first, third))
    rule = f"≤ {FILES_MORE} more in the last third"
    return [*found, Verdict("connections to PostgreSQL", rule, f"{before:g}, then {after:g}", after <= before + FILES_MORE)]


def opened(sample: Sample, name: str) -> float:
    """By each of its processes."""
    process = sample.processes[name]
    return (process.files - (sample.client_connections if name == "api" else 0)) / max(1, process.processes)


def tables(samples: Sequence[Sample], begin: float, end: float) -> list[Verdict]:
    """dispatch.work does not grow with time; a table that keeps what happened grows by its rows alone; the others stay small."""
    first, _, third = (within(samples, span) for span in thirds(begin, end))
    if not first or not third:
        return [Verdict("tables", "are looked at", "too few samples", False)]
    found = [bounded("dispatch.work", first, third, WORK_BYTES, WORK_TIMES)]
    for name in sorted(third[-1].tables):
        before, after = first[-1].tables.get(name), third[-1].tables[name]
        if name == "dispatch.work" or before is None or after.heap + after.indexes < SMALL_BYTES:
            continue
        if after.live < 2_000:
            found.append(bounded(name, first, third, SMALL_BYTES, SMALL_TIMES))
            continue
        per_row = [(each.heap + each.indexes) / max(1, each.live) for each in (before, after)]
        reached = f"{per_row[0]:.0f}, then {per_row[1]:.0f} bytes a row; {(after.heap + after.indexes) / MIB:.0f} MiB"
        found.append(
            Verdict(f"size of {name}", f"bytes a row ≤ {ROW_BYTES_TIMES:g} times", reached, per_row[1] <= ROW_BYTES_TIMES * per_row[0])
        )
    return found


def bounded(name: str, first: Sequence[Sample], third: Sequence[Sample], floor: int, times: float) -> Verdict:
    before, after = (max(sample.tables[name].heap + sample.tables[name].indexes for sample in part) for part in (first, third))
    rule = f"at most {times:g} times the first third's, or {floor / MIB:g} MiB"
    return Verdict(f"size of {name}", rule, f"{before / MIB:.2f}, then {after / MIB:.2f} MiB", after <= max(floor, before * times))


def latency(between: Callable[[float, float], Mapping[str, Sequence[float]]], begin: float, end: float) -> list[Verdict]:
    """Class by class where there are enough answers, and of all classes together that do not wait or hash by intent."""
    first, _, third = (with_all(between(*span)) for span in thirds(begin, end))
    found = []
    for name in sorted(third):
        if min(len(first.get(name, ())), len(third[name])) < ANSWERS_MIN:
            continue
        before, after = quantile(list(first[name]), 0.99), quantile(list(third[name]), 0.99)
        rule = f"≤ {P99_TIMES:g} times the first third's, or ≤ {P99_MS:g} ms"
        found.append(Verdict(f"p99 of {name}", rule, f"{before:.1f}, then {after:.1f} ms", after <= max(P99_MS, before * P99_TIMES)))
    return found or [Verdict("latency", "is measured", f"there are not {ANSWERS_MIN} answers in each third", False)]


def with_all(parts: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    at_once = sorted(ms for name, part in parts.items() if name not in SLOW_BY_INTENT for ms in part)
    return {ALL: at_once, **{name: part for name, part in parts.items() if name not in SLOW_BY_INTENT}}


def followers(samples: Sequence[Sample], begin: float, end: float) -> list[Verdict]:
    """The median over the last third: who only follows more and more behind shows there."""
    third = within(samples, thirds(begin, end)[2])
    if not third:
        return [Verdict("followers", "are looked at", "too few samples", False)]
    worst = max(((median(sample.lags[name] for sample in third), name) for name in third[-1].lags), default=(0, "nobody"))
    ready = median(sample.work.get("ready", 0) for sample in third)
    oldest = median(sample.oldest_transaction_seconds for sample in third)
    return [
        Verdict("followers", f"median lag ≤ {LAG_EVENTS} events", f"{worst[0]:g} events ({worst[1]})", worst[0] <= LAG_EVENTS),
        Verdict("queue", f"median of ready rows ≤ {QUEUE_ROWS}", f"{ready:g}", ready <= QUEUE_ROWS),
        Verdict("oldest transaction", f"median ≤ {OLDEST_SECONDS:g} s", f"{oldest:.2f} s", oldest <= OLDEST_SECONDS),
    ]


def busy(measured: Measured) -> Verdict:
    """Half of the capacity is no reason to send people away, or to let them see what is old."""
    answers = max(1, measured.statuses.total())
    share = (measured.busy + measured.behind) / answers
    reached = f"{measured.busy} of 503, {measured.behind} behind, of {answers:,}"
    return Verdict("answers that were late", f"503 and reads behind their reader: ≤ {BUSY_SHARE:.1%}", reached, share <= BUSY_SHARE)


def client_share(samples: Sequence[Sample]) -> Verdict:
    first, last = samples[0], samples[-1]
    used = last.processes["client"].cpu_seconds - first.processes["client"].cpu_seconds
    share = used / max(1e-9, last.now - first.now)
    return Verdict("the client itself", f"≤ {CLIENT_CORE_SHARE:.0%} of a core", f"{share:.1%}", share <= CLIENT_CORE_SHARE)


def all_of(
    samples: Sequence[Sample], between: Callable[[float, float], Mapping[str, Sequence[float]]], begin: float, end: float
) -> list[Verdict]:
    return [
        *memory(samples, begin, end),
        *files(samples, begin, end),
        *tables(samples, begin, end),
        *latency(between, begin, end),
        *followers(samples, begin, end),
        client_share(within(samples, (begin, end + 1))),
    ]
