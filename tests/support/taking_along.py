"""For programs that run long: whoever stops one finds none of its processes left, whatever signal he sends."""

import signal
import sys
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def take_all_along() -> None:
    """From now on whatever stops this program ends it block by block, each of which stops what it has started; asked again it ends at once.

    Without this only Ctrl-C does, and not even that in a program that a shell has put into the background.
    """
    for number in STOPPING:
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    for each in STOPPING:
        signal.signal(each, signal.SIG_DFL)
    sys.exit(128 + number)
