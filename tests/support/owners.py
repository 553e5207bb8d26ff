"""Starting, killing and looking after `tests.support.engine_owner` processes."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


class Owner:
    """One owner process and its first line."""

    def __init__(self, data: Path, environ: Mapping[str, str], options: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.engine_owner", str(data), *options],
            env=dict(environ),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.line = self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def end(self) -> int:
        """Closes its input and answers its exit code."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


@pytest.fixture
def owners() -> Iterator["OwnerMaker"]:
    """A function that starts owners; whatever is left of them ends with the test."""
    maker = OwnerMaker()
    yield maker
    maker.end_all()


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory with a short path, unlike tmp_path."""
    directory = tempfile.mkdtemp(prefix="db-")
    yield Path(directory)
    shutil.rmtree(directory, ignore_errors=True)


class OwnerMaker:
    def __init__(self) -> None:
        self._made: list[Owner] = []

    def __call__(self, data: Path, environ: Mapping[str, str] | None = None, *options: str) -> Owner:
        owner = Owner(data, {"PATH": os.defpath} if environ is None else environ, options)
        self._made.append(owner)
        return owner

    def end_all(self) -> None:
        for owner in self._made:
            owner.end()
            if owner.line.startswith("ready"):  # one that was killed has left its sockets
                shutil.rmtree(owner.line.split(" ", 3)[3], ignore_errors=True)


def working_in(directory: Path) -> list[int]:
    """The processes whose working directory is *directory* or below."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                place = os.readlink(entry / "cwd")
            except OSError:  # gone, or not ours to see
                continue
            if Path(place).is_relative_to(directory.resolve()):
                found.append(int(entry.name))
    return found


def gone(directory: Path, seconds: float = 20) -> bool:
    """Whether within *seconds* no process works in *directory* any more."""
    end = time.monotonic() + seconds
    while working_in(directory):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
