"""What the writer measures, as callbacks: who wires the journal decides where the numbers go."""

from collections.abc import Callable
from dataclasses import dataclass


def _nowhere(value: float) -> None:
    """Nobody asked."""


@dataclass(frozen=True)
class Meters:
    """Called from the event loop; each call gets one observation."""

    #: Commands in one append.
    batch_commands: Callable[[float], None] = _nowhere
    #: From sending a batch to its answer, the commit's flush included.
    append_seconds: Callable[[float], None] = _nowhere
    #: How long the append waited for the other processes.
    lock_wait_seconds: Callable[[float], None] = _nowhere
    #: Commands that wait, seen when a batch is taken.
    queue_depth: Callable[[float], None] = _nowhere
    #: Commands refused by the append because their streams had moved on.
    conflicts: Callable[[float], None] = _nowhere
    #: Events appended.
    events: Callable[[float], None] = _nowhere
    #: Batches sent again after a lost connection.
    resends: Callable[[float], None] = _nowhere
