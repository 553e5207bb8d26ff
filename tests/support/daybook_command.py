"""The command `daybook`, run as a person would, and `daybook up` with what belongs to it."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("daybook"))
READY_SECONDS = 60


def environ(data: Path, **settings: str) -> dict[str, str]:
    """What a shell without any settings has, and *settings*."""
    # Coverage of child processes is switched on by variables of its own.
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    return {**kept, "PATH": os.defpath, "DAYBOOK_DATA_DIR": str(data), **settings}


def run(*words: str, env: Mapping[str, str], stdin: str = "", timeout: int = 60) -> subprocess.CompletedProcess[str]:
    """`daybook words…`, to its end."""
    return subprocess.run([COMMAND, *words], env=dict(env), input=stdin, capture_output=True, text=True, timeout=timeout, encoding="utf-8")


class Up:
    """A `daybook up` and the lines it has said."""

    def __init__(self, data: Path, log: Path, **settings: str) -> None:
        self.data = data
        self._log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen([COMMAND, "up"], env=environ(data, **settings), stdout=subprocess.PIPE, stderr=errors)
        self.said: list[str] = []

    def wait_for(self, text: str, seconds: float = READY_SECONDS) -> str:
        """The first line from now on that contains *text*."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            readable, _, _ = select.select([self.process.stdout.fileno()], [], [], left)
            if readable:
                line = self.process.stdout.readline().decode()
                if not line:
                    break
                self.said.append(line.strip())
                if text in line:
                    return line.strip()
        code = self.process.poll()
        raise AssertionError(f"never said {text!r}; exit code {code}; it said {self.said}, and on stderr: {self.errors[-2000:]}")

    @property
    def errors(self) -> str:
        return self._log.read_text(errors="replace")

    def children(self) -> dict[str, int]:
        """Role -> process id of our own children, from the process table."""
        found = {}
        for pid, words in processes():
            if "daybook.processes" in words and f"--data={self.data}" in words:
                found[words[words.index("daybook.processes") + 1]] = pid
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 40) -> int:
        self.process.send_signal(number)
        return self.ended(seconds)

    def ended(self, seconds: float = 40) -> int:
        """The exit code, once it has one."""
        code = self.process.wait(seconds)
        self.process.stdout.close()
        return code


def processes() -> Iterator[tuple[int, list[str]]]:
    """Every process with its words; those that end meanwhile are left out."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
            except OSError:
                continue
            yield int(entry.name), words


def naming(data: Path) -> list[list[str]]:
    """The processes with *data* in their arguments."""
    return [words for pid, words in processes() if any(str(data) in word for word in words)]


def gone_within(data: Path, seconds: float) -> bool:
    """Whether nothing names *data* any more before the time is up."""
    end = time.monotonic() + seconds
    while naming(data):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def ups(tmp_path: Path) -> Iterator["type[Up]"]:
    """Starts `daybook up`; whatever still runs at the end of the test is ended."""
    made: list[Up] = []

    def start(data: Path, **settings: str) -> Up:
        up = Up(data, tmp_path / f"up-{len(made)}.log", **settings)
        made.append(up)
        return up

    yield start
    for up in made:
        if up.process.poll() is None:
            up.stop()
