"""Clocks that jump: of processes, and of a database, that preload clock.c."""

import secrets
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from daybook.engines import Engines, child, embedded
from tests.faults.stack import Stack

SOURCE = Path(__file__).with_name("clock.c")


def no_clock() -> str:
    """Why no clock can be moved on this machine; empty when one can."""
    if not sys.platform.startswith("linux"):
        return "clocks are moved by LD_PRELOAD, which is Linux's"
    return "" if shutil.which("cc") else "there is no C compiler (cc) to make a clock with"


class Clock:
    """One clock for whatever runs with `environment`. `ahead`: how many seconds it is ahead of the machine's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        library, self._file = folder / "clock.so", folder / "ahead"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
        self._file.write_bytes(struct.pack("q", 0))
        self.environment: Mapping[str, str] = {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(self._file)}

    def put(self, ahead: float) -> None:
        """In place: who looks has the file mapped."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", round(ahead * 1e9)))


@contextmanager
def clock_in(running: Stack) -> Iterator[Clock]:
    """A clock, in a folder of its own beside what *running* has."""
    folder = running.folder / f"clock-{secrets.token_hex(4)}"
    folder.mkdir()
    yield Clock(folder)


@contextmanager
def engines_by(clock: Clock, data: Path) -> Iterator[Engines]:
    """Engines of their own that live by *clock*."""
    with patch.object(child, "ENVIRONMENT", {**child.ENVIRONMENT, **clock.environment}), embedded(data) as engines:
        yield engines
