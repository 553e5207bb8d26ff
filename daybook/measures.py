"""Where measurements go."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from daybook.settings import Settings
from daybook.up.listener import listen
from infra.journal.meters import Meters
from infra.metrics.endpoint import served
from infra.metrics.registry import API, GaugeReader, ProcessMetrics
from infra.metrics.roles import RoleMetrics
from infra.metrics.siblings import told


class Appends:
    """Carries what the writer measures to the metrics, which are made after the journal because they read from it."""

    def __init__(self) -> None:
        self.metrics: ProcessMetrics | RoleMetrics | None = None
        self._commands = 0

    def meters(self) -> Meters:
        return Meters(batch_commands=self._batch, append_seconds=self._appended)

    def _batch(self, commands: float) -> None:
        self._commands = int(commands)

    def _appended(self, seconds: float) -> None:
        """One round is on its way at a time, so the last batch is the one that was appended."""
        if self.metrics is not None:
            self.metrics.appended(self._commands, seconds)


def siblings_of(settings: Settings) -> Path | None:
    """The directory of the sockets of the Daybook that has the data directory; None when none has."""
    try:
        directory = Path((settings.data_dir / "runtime").read_text())
    except FileNotFoundError:
        return None
    return directory if directory.is_dir() else None


@asynccontextmanager
async def api_metrics(
    settings: Settings, gauges: Mapping[str, GaugeReader], own_gauges: Mapping[str, GaugeReader], *, process: str, told_in: Path | None
) -> AsyncIterator[ProcessMetrics]:
    """The metrics of an API process. One of several tells its own to the others, in *told_in*, else where all roles of the machine do."""
    everybody = siblings_of(settings)
    places = [place for place in (everybody, told_in) if place is not None]
    metrics = ProcessMetrics(gauges, own_gauges=own_gauges, siblings=places, process=process)
    async with told(None if process == API else told_in or everybody, process, metrics.own):
        yield metrics


@asynccontextmanager
async def metrics_told(settings: Settings, role: str, render: Callable[[], Awaitable[bytes]]) -> AsyncIterator[None]:
    """Tell the metrics of *role* to the Daybook on this machine, and at a port of their own if the settings name one."""
    async with told(siblings_of(settings), role, render):
        if settings.metrics_port is None:
            yield
            return
        door = listen(settings.host, settings.metrics_port, named="DAYBOOK_METRICS_PORT")
        async with served(door, render, settings.metrics_token):
            yield
