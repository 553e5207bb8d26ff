"""What both engines can: be stopped, killed, and started again on the same data."""

import subprocess
from abc import ABC, abstractmethod
from typing import ClassVar

from daybook.engines import child


class Engine(ABC):
    """One server as our child. `start`, `stop`, `restart`, `kill`; all block until it is so."""

    #: How it is asked to end: each signal, and the seconds it has.
    STOP: ClassVar[tuple[tuple[int, float], ...]]

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether our child lives."""
        return self._process is not None and self._process.poll() is None

    @abstractmethod
    def start(self) -> None:
        """Stops one left behind, starts the server and waits until it answers."""

    def stop(self) -> None:
        """Orderly: sessions end, everything committed is on disk."""
        self._end(*self.STOP)

    def kill(self) -> None:
        """SIGKILL, as an accident would."""
        self._end()

    def restart(self) -> None:
        """Stop, then start on the same data and the same URL."""
        self.stop()
        self.start()

    def _end(self, *signals: tuple[int, float]) -> None:
        if self._process is not None:
            child.stop(self._process, *signals)
            self._process = None
