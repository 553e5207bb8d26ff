"""What the demo shows: moving bars on a terminal, lines anywhere else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from daybook.cli.terminal import console, lively, plain

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Shown(Protocol):
    """How far each of some things is."""

    def show(self, index: int, state: str, progress: float) -> None:
        """*progress* from 0 to 1."""


class Screen:
    """Speaks to stdout."""

    def __init__(self) -> None:
        self._console = console() if lively() else None

    def title(self, text: str) -> None:
        if self._console is not None:
            self._console.print(f"[bold]{text}[/bold]\n")
        else:
            print(plain(text) + "\n", flush=True)

    def line(self, text: str) -> None:
        if self._console is not None:
            self._console.print(text, markup=False)
        else:
            print(plain(text), flush=True)

    def said(self, text: str) -> None:
        """What `up` says."""
        self.line(text.replace("ready http", "ready     http", 1))

    @contextmanager
    def progress(self, titles: Sequence[str]) -> Iterator[Shown]:
        """Bars for *titles*, or a line for each change of state."""
        if self._console is None:
            yield Lines(self, titles)
            return
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.fields[state]}"))
        with Progress(*columns, console=self._console) as bars:
            yield Moving(bars, [bars.add_task(title, total=1.0, state="queued") for title in titles])


class Lines:
    """A line for each new state, and for each part that is done meanwhile."""

    def __init__(self, screen: Screen, titles: Sequence[str]) -> None:
        self._screen = screen
        self._titles = titles
        self._said: dict[int, str] = {}

    def show(self, index: int, state: str, progress: float) -> None:
        said = f"{state} {progress:.0%}" if state == "running" and 0 < progress < 1 else state
        if self._said.get(index) != said:
            self._said[index] = said
            self._screen.line(f"progress  {self._titles[index]}: {said}")


class Moving:
    """Rich's bars."""

    def __init__(self, bars: "Bars", tasks: "Sequence[TaskID]") -> None:
        self._bars = bars
        self._tasks = tasks

    def show(self, index: int, state: str, progress: float) -> None:
        self._bars.update(self._tasks[index], completed=progress, state=state)
