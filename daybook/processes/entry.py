"""Into a role: by a person's command, or as a child of `daybook up`."""

import functools
import importlib
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from daybook.processes.control import Control
from daybook.processes.run import Role, run
from daybook.settings import Settings, from_environment

CANNOT_START = 2


def serve(name: str, settings: Settings, *, no_color: bool = False, control: Control | None = None, number: int = 0, **options: Any) -> int:
    """Run the role *name* until it is stopped; *options* are its own, *number* tells one of several. Returns the exit code."""
    from infra.logs import configure

    process = f"{name}-{number}" if number else name
    configure(level=settings.log_level, format=settings.log_format, process=process, no_color=no_color)
    if number:
        options["process"] = process
    given = {key: value for key, value in options.items() if value}
    return run(name, functools.partial(load(name), **given), settings, control)


def load(name: str) -> Role:
    """The role's coroutine function; its module and all that it stands on are imported here."""
    role: Role = importlib.import_module(f"daybook.processes.{name}").serve
    return role


def child(arguments: Sequence[str]) -> int:
    """A child of `up` or of `daybook api`: load, wait for `go`, then find the engines like any command."""
    name, *rest = arguments
    words = dict(word.removeprefix("--").split("=", 1) for word in rest)
    control = Control(int(words["control"]))
    load(name)
    if not control.wait_for_go():
        return 0
    from daybook.cli.failures import explain
    from daybook.cli.terminal import no_color
    from daybook.up.reach import reached

    options = _options(words)
    try:
        with reached(from_environment()) as settings:
            # The API tells the metrics of all children.
            settings = msgspec.structs.replace(settings, metrics_port=None)
            return serve(name, settings, no_color=no_color(), control=control, **options)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        sys.stderr.write(f"daybook {name}: {sentence}\n")
        return CANNOT_START


def _options(words: Mapping[str, str]) -> dict[str, Any]:
    """What the API needs to know of the others that serve its port."""
    options: dict[str, Any] = {"number": int(words.get("number", 0))}
    if "listen" in words:
        options["door"] = socket.socket(fileno=int(words["listen"]))
    if "line" in words:
        options["line"] = socket.socket(fileno=int(words["line"]))
    if "told-in" in words:
        options["told_in"] = Path(words["told-in"])
    return options
