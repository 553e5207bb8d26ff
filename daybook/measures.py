"""Where the journal's measurements go."""

from infra.journal.meters import Meters
from infra.metrics.registry import ProcessMetrics


class Appends:
    """Carries what the writer measures to the metrics, which are made after the journal because they read from it."""

    def __init__(self) -> None:
        self.metrics: ProcessMetrics | None = None
        self._commands = 0

    def meters(self) -> Meters:
        return Meters(batch_commands=self._batch, append_seconds=self._appended)

    def _batch(self, commands: float) -> None:
        self._commands = int(commands)

    def _appended(self, seconds: float) -> None:
        """One round is on its way at a time, so the last batch is the one that was appended."""
        if self.metrics is not None:
            self.metrics.appended(self._commands, seconds)
