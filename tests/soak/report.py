"""What a soak found, as docs/soak.md and as JSON."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.load import quantile
from tests.soak.client import Client
from tests.soak.samples import MIB, Sample
from tests.soak.soak import CAPACITY_AT_ONCE, Outcome
from tests.soak.verdicts import thirds, within

DOCUMENT, NUMBERS = Path("docs/soak.md"), Path(".reports/soak.json")
HOT = ("dispatch.work", "journal.events", "journal.snapshots", "read.models")


def written(outcome: Outcome, client: Client, *, commit: str, machine: str, page: bool) -> None:
    """The page only if *page*."""
    NUMBERS.parent.mkdir(exist_ok=True)
    head = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "commit": commit, "machine": machine}
    NUMBERS.write_text(json.dumps({**head, **numbers(outcome)}, indent=1) + "\n", encoding="utf-8")
    if page:
        DOCUMENT.write_text(document(outcome, client, head), encoding="utf-8")


def numbers(outcome: Outcome) -> dict[str, Any]:
    plan = outcome.plan
    return {
        "minutes": plan.minutes,
        "seed": plan.seed,
        "share": plan.share,
        "capacity": outcome.capacity,
        "rate": outcome.rate,
        "operations": outcome.operations,
        "rest_seconds": outcome.rest_seconds,
        "counts": outcome.counts,
        "verdicts": [vars(verdict) for verdict in outcome.verdicts],
        "differences": outcome.differences,
        "samples": [sample.plain() for sample in outcome.samples],
    }


def document(outcome: Outcome, client: Client, head: dict[str, str]) -> str:
    text = [
        "# Soak",
        "",
        *told(outcome, head),
        "",
        "The client's book, and what it compares: [tests/soak](../tests/soak). Thirds are those of the time after the first sixth.",
        "",
        "## Verdicts",
        "",
        "| what | rule | found | |",
        "|---|---|---|---|",
        *(f"| {each.what} | {each.rule} | {each.reached} | {'holds' if each.holds else '**fails**'} |" for each in outcome.verdicts),
        "",
        "## First and last third",
        "",
        *latencies(outcome, client),
        "",
        *processes(outcome),
        "",
        *tables(outcome),
        "",
        "## Counts",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {count:,} |" for name, count in outcome.counts.items()),
        "",
    ]
    if outcome.differences:
        text += ["## Differences", "", *(f"- {each}" for each in outcome.differences[:50]), ""]
    return "\n".join(text)


def told(outcome: Outcome, head: dict[str, str]) -> list[str]:
    plan, counts, capacity = outcome.plan, outcome.counts, outcome.capacity
    offered = f"{outcome.rate:.0f}/s, {outcome.rate / max(1e-9, capacity):.0%} of it"
    compared, differ = counts.get("answers compared", 0), counts.get("differences", 0)
    return [
        f"What `make soak` found on {head['date']} at commit `{head['commit']}`, on {head['machine']}, with seed {plan.seed}: "
        f"{plan.minutes:g} minutes of mixed load on the real processes (api, two workers, dispatcher, notary, projector, scheduler, "
        "embedded PostgreSQL and Redis), everything on the one machine including the client. The command writes this page.",
        "",
        f"- **Capacity** {capacity:.0f} operations/s: the mix, by {CAPACITY_AT_ONCE} at once, until all of it was settled and every read "
        "model had seen it.",
        f"- **Offered** {offered}, at moments that chance takes and answers do not change. Latency counts from the moment at which an "
        "operation was due.",
        f"- **Done** {outcome.operations:,} operations, {counts.get('generations', 0):,} generations. {compared:,} comparisons with the "
        f"client's book; {differ:,} differ. After the load it took {outcome.rest_seconds:.0f} s until nothing was open.",
        f"- **Whatever else ran** on the machine took {others(outcome, 0):.0%} of a core in the first third and "
        f"{others(outcome, 2):.0%} in the last.",
    ]


def others(outcome: Outcome, third: int) -> float:
    """What the machine worked beside all that is looked at here, as a share of one core."""
    part = within(outcome.samples, thirds(outcome.begin, outcome.end)[third])
    if len(part) < 2:
        return 0.0
    ours = sum(core_share(part, name) for name in part[0].processes if name in part[-1].processes)
    return max(0.0, (part[-1].busy_seconds - part[0].busy_seconds) / (part[-1].now - part[0].now) - ours)


def latencies(outcome: Outcome, client: Client) -> list[str]:
    first, _, third = (client.measured.between(*span) for span in thirds(outcome.begin, outcome.end))
    lines = ["| operation | answers | p50 ms | p99 ms | p50 ms, last | p99 ms, last |", "|---|---|---|---|---|---|"]
    for name in sorted(third):
        before, after = first.get(name, []), third[name]
        if before and after:
            cells = [f"{quantile(part, share):.1f}" for part in (before, after) for share in (0.5, 0.99)]
            lines.append(f"| {name} | {len(before) + len(after):,} | {' | '.join(cells)} |")
    return lines


def processes(outcome: Outcome) -> list[str]:
    """Medians of each third; CPU as a share of one core over the third."""
    first, _, third = (within(outcome.samples, span) for span in thirds(outcome.begin, outcome.end))
    lines = [
        "| process | MiB of its own | last | resident MiB | last | files | last | CPU | last |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in sorted({name for sample in third for name in sample.processes}):
        parts = [[sample for sample in part if name in sample.processes] for part in (first, third)]
        if not all(parts):
            continue
        cells = []
        for take in ("own_mib", "rss_mib", "files"):
            cells += [f"{median(getattr(sample.processes[name], take) for sample in part):.0f}" for part in parts]
        lines.append(f"| {name} | {' | '.join([*cells, *(f'{core_share(part, name):.0%}' for part in parts)])} |")
    return lines


def core_share(part: list[Sample], name: str) -> float:
    seconds = part[-1].now - part[0].now
    return (part[-1].processes[name].cpu_seconds - part[0].processes[name].cpu_seconds) / seconds if seconds else 0.0


def tables(outcome: Outcome) -> list[str]:
    first, _, third = (within(outcome.samples, span) for span in thirds(outcome.begin, outcome.end))
    lines = ["| table | MiB heap + indexes | last | dead rows | last | HOT share of updates | vacuums |", "|---|---|---|---|---|---|---|"]
    if not first or not third:
        return lines
    for name, after in sorted(third[-1].tables.items()):
        before = first[-1].tables.get(name)
        if before is None or (after.inserted + after.updated < 1_000 and name not in HOT):
            continue
        sizes = [f"{each.heap / MIB:.1f} + {each.indexes / MIB:.1f}" for each in (before, after)]
        hot = f"{after.hot_updated / after.updated:.0%}" if after.updated else ""
        lines.append(f"| {name} | {sizes[0]} | {sizes[1]} | {before.dead:,} | {after.dead:,} | {hot} | {after.autovacuums} |")
    return lines


def machine() -> str:
    cores, memory = os.cpu_count(), round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    return f"{cores} cores, {memory} GiB"
