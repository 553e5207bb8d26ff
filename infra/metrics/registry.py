"""The metrics of one process, each declared once. Nothing here names an account."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from infra.metrics.answered import Answered
from infra.metrics.siblings import joined

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 75.0)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
GATHER_SECONDS = 2.0
API = "api"


class ProcessMetrics:
    """Implements the metrics port of the API; other parts of a process count through the same registry.

    With *siblings*, the directories where other processes of this machine tell theirs, `render` joins them to ours.
    `gauges` are read at each scrape: name -> (help, label names, reader). A reader that fails leaves its gauge out.
    Where several processes serve one port, *process* is the name of this one: whoever is asked tells `own` of each under its name, and
    the *gauges*, which are the same for all, once, under `api`. *own_gauges* are of this process.
    """

    def __init__(
        self,
        gauges: Mapping[str, "GaugeReader"] | None = None,
        *,
        own_gauges: Mapping[str, "GaugeReader"] | None = None,
        siblings: Sequence[Path] = (),
        process: str = API,
    ) -> None:
        self.registry = CollectorRegistry()
        self._common = CollectorRegistry()
        self._siblings = siblings
        self._process = process
        self._log = structlog.get_logger()
        place = self.registry
        answered = Answered(SECONDS)
        place.register(answered)
        #: Route, method, status, and the seconds until the answer.
        self.request = answered.count
        self._bypassed = Counter("daybook_limits_bypassed", "Requests let through while Redis was away.", ("bucket",), registry=place)
        self._batch = Histogram("daybook_writer_batch_commands", "Commands in one append.", buckets=BATCHES, registry=place)
        self._append = Histogram("daybook_writer_append_seconds", "Time of one append.", buckets=SECONDS, registry=place)
        common, own = gauges or {}, own_gauges or {}
        self._readers = {**common, **own}
        self._gauges = {name: Gauge(name, reader.help, reader.labels, registry=self._common) for name, reader in common.items()}
        self._gauges |= {name: Gauge(name, reader.help, reader.labels, registry=place) for name, reader in own.items()}
        self._own = list(own)

    def limiter_bypassed(self, bucket: str) -> None:
        self._bypassed.labels(bucket).inc()

    def appended(self, commands: int, seconds: float) -> None:
        """One append of the writer: how many commands it carried, how long it took."""
        self._batch.observe(commands)
        self._append.observe(seconds)

    async def render(self) -> bytes:
        await asyncio.gather(*(self._read(name) for name in self._readers))
        own, common = generate_latest(self.registry), generate_latest(self._common)
        if not self._siblings:
            return own + common
        texts = {API: own + common} if self._process == API else {API: common, self._process: own}
        return await joined(self._siblings, texts)

    async def own(self) -> bytes:
        """What siblings are told: nothing that they know themselves."""
        await asyncio.gather(*(self._read(name) for name in self._own))
        return generate_latest(self.registry)

    async def _read(self, name: str) -> None:
        gauge, reader = self._gauges[name], self._readers[name]
        try:
            async with asyncio.timeout(GATHER_SECONDS):
                values = await reader.read()
        except Exception as error:  # noqa: BLE001 - a gauge that cannot be read must not hide the others
            self._log.warning("gauge not read", log="error", gauge=name, error=type(error).__name__)
            gauge.clear()
            return
        gauge.clear()
        for labels, value in values.items():
            (gauge.labels(*labels) if labels else gauge).set(value)


class GaugeReader:
    """A gauge that is read when somebody asks: labels -> value (`()` when it has no labels)."""

    def __init__(self, help: str, labels: tuple[str, ...], read: Callable[[], Awaitable[Mapping[tuple[str, ...], float]]]) -> None:
        self.help = help
        self.labels = labels
        self.read = read
