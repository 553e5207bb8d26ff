"""How to speak: colours and moving bars on a terminal that can show them, plain lines everywhere else."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: Told (done, of) now and then.
Advance = Callable[[int, int], None]


def no_color() -> bool:
    """NO_COLOR as no-color.org has it: set to anything but nothing."""
    return bool(os.environ.get("NO_COLOR"))


def speaks_utf8(beside: bool = False) -> bool:
    """Whether stdout (*beside*: stderr) takes every character."""
    stream = sys.stderr if beside else sys.stdout
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def lively(beside: bool = False) -> bool:
    """Whether bars may move: a terminal that shows UTF-8 and can go back in a line. *beside*: see `bar`."""
    shown = sys.stderr.isatty() and not sys.stdout.isatty() if beside else sys.stdout.isatty()
    return shown and speaks_utf8(beside) and os.environ.get("TERM", "dumb") != "dumb"


def plain(text: str) -> str:
    """*text* with what stdout cannot show replaced."""
    encoding = sys.stdout.encoding or "ascii"
    return text.encode(encoding, "replace").decode(encoding)


def console(stderr: bool = False) -> "Console":
    """Rich's console with our manners."""
    from rich.console import Console

    return Console(no_color=no_color(), highlight=False, soft_wrap=True, stderr=stderr)


@contextmanager
def bar(title: str, *, beside: bool = False) -> Iterator[Advance]:
    """A progress bar for work that takes long. Without a terminal nothing is drawn.

    *beside*: stdout carries what is made, so the bar goes to stderr, and only when the two are not one terminal.
    """
    if not lively(beside):
        yield lambda done, of: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Rich would lead stdout through its console, and so what is made into the terminal.
    with Progress(*columns, console=console(stderr=beside), transient=True, redirect_stdout=not beside) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
