"""What worker, dispatcher, notary, projector and scheduler count, each declared once; and the writer's rounds, which each of them has."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from infra.metrics.registry import BATCHES, SECONDS

EVENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
#: role -> name -> (help, label names); `daybook_<role>_` goes before the name.
COUNTERS: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "dispatcher": {
        "bells": ("Bells asked for.", ()),
        "reaped": ("Generations taken back from workers that are gone.", ()),
    },
    "notary": {
        "checkpoints": ("Checkpoints signed.", ()),
        "published": ("Checkpoints brought into the object store.", ()),
        "refusals": ("Times that it refused to sign, because the log does not lead to what was signed before.", ()),
    },
    "projector": {},
    "scheduler": {
        "due": ("What became due by the clock: scheduled starts, ends by a deadline, accounts with expired grants.", ("what",)),
        "swept": ("Objects without an asset that were deleted.", ()),
        "deliveries": ("Webhook tries by what became of them.", ("outcome",)),
    },
    "worker": {
        "claims": ("Generations claimed.", ()),
        "attempts": ("Attempts by how they ended.", ("outcome",)),
        "failures": ("Failed attempts by their normalised code.", ("code", "provider")),
        "lost_leases": ("Generations that another worker has taken meanwhile.", ()),
    },
}
GAUGES: dict[str, dict[str, str]] = {
    "dispatcher": {},
    "notary": {
        "checkpoint_events": "Events that the last checkpoint covers.",
        "lag_events": "Events that no checkpoint covers yet.",
    },
    "projector": {},
    "scheduler": {},
    "worker": {"running": "Generations that run now.", "slots": "Generations that may run at once."},
}
HISTOGRAMS: dict[str, dict[str, tuple[str, tuple[float, ...]]]] = {
    "dispatcher": {},
    "notary": {},
    "projector": {
        "batch_events": ("Events in one batch.", EVENTS),
        "batch_seconds": ("Time of one batch.", SECONDS),
    },
    "scheduler": {},
    "worker": {"attempt_seconds": ("From the claim to the recorded end of an attempt.", SECONDS)},
}


class RoleMetrics:
    """The metrics of one *role*. Implements `workers.ports.Counts`; names are those of the tables above."""

    def __init__(self, role: str) -> None:
        self.registry = CollectorRegistry()
        place, before = self.registry, f"daybook_{role}_"
        self._counters = {
            name: Counter(before + name, help, labels, registry=place) for name, (help, labels) in COUNTERS.get(role, {}).items()
        }
        self._gauges = {name: Gauge(before + name, help, registry=place) for name, help in GAUGES.get(role, {}).items()}
        self._histograms = {
            name: Histogram(before + name, help, buckets=buckets, registry=place)
            for name, (help, buckets) in HISTOGRAMS.get(role, {}).items()
        }
        self._batch = Histogram("daybook_writer_batch_commands", "Commands in one append.", buckets=BATCHES, registry=place)
        self._append = Histogram("daybook_writer_append_seconds", "Time of one append.", buckets=SECONDS, registry=place)

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def level(self, name: str, value: float) -> None:
        self._gauges[name].set(value)

    def observe(self, name: str, value: float) -> None:
        self._histograms[name].observe(value)

    def appended(self, commands: int, seconds: float) -> None:
        """One append of the writer: how many commands it carried, how long it took."""
        self._batch.observe(commands)
        self._append.observe(seconds)

    async def render(self) -> bytes:
        return generate_latest(self.registry)
