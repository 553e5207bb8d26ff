"""From nothing to `ready`, and back to nothing."""

import asyncio
import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from daybook.engines import AlreadyRunning, EngineError, Engines
from daybook.engines.lock import holder
from daybook.settings import Settings
from daybook.up.child import Start
from daybook.up.listener import listen
from daybook.up.porter import Porter
from daybook.up.reach import engines_of, with_engines
from daybook.up.readiness import is_ready
from daybook.up.supervisor import Supervisor

#: Beside the API, of which there may be several.
ROLES = ("worker", "followers")
READY_SECONDS = 60.0
FAILED, CANNOT_START = 1, 2


def run(
    settings: Settings,
    *,
    say: Callable[[str], None],
    environ: Mapping[str, str] | None = None,
    listener: socket.socket | None = None,
    log: IO[Any] | None = None,
    story: Callable[[Settings], int] | None = None,
) -> int:
    """Start everything, call *say* with `ready http://…`, and keep it running until a signal. Returns the exit code.

    *environ* is what *settings* were read from, and the children read theirs from it (None: this process's). Their output
    goes to *log* (None: where ours goes). With a *story* it runs in a thread once all is ready, and its end is the end of everything.
    Raises EngineError and whatever migrating raises.
    """
    _refuse_second(settings)
    with ExitStack() as stack:
        door = stack.enter_context(listener or listen(settings.host, settings.port))
        engines = engines_of(settings)
        porter = Porter(door) if settings.api_processes > 1 else None
        starts = _starts(settings, environ, porter or door, log)
        supervisor = Supervisor(starts, engines, say)
        supervisor.heed_signals()
        supervisor.spawn()
        stack.callback(engines.stop)
        stack.callback(supervisor.stop)
        # Nobody new may come in while the API finishes what it has.
        stack.callback(porter.close if porter else door.close)
        if porter:
            porter.start()
        reaching = _engines_and_tables(settings, engines, [start.role for start in starts])
        supervisor.go()
        if not _wait_until_ready(supervisor, settings):
            return 0 if supervisor.stopping else CANNOT_START
        say(f"ready {settings.public_url}")
        with _telling(story, reaching, supervisor) as told:
            while not (supervisor.stopping or told.over):
                supervisor.tick()
        return told.code


def _refuse_second(settings: Settings) -> None:
    """Before the port is looked at, which the first one has too."""
    pid = holder(settings.data_dir)
    if pid is not None:
        raise AlreadyRunning(
            f"another Daybook{f' (process {pid})' if pid else ''} uses the data directory {settings.data_dir}; "
            "stop it, or name another directory with DAYBOOK_DATA_DIR"
        )


def _starts(settings: Settings, environ: Mapping[str, str] | None, door: socket.socket | Porter, log: IO[Any] | None) -> list[Start]:
    # The data directory stands in the command line so that a person can tell whose process it is.
    words = [f"--data={settings.data_dir}"]
    if isinstance(door, Porter):
        apis = [Start("api", words, environ, log, number=number, line=door.line) for number in range(1, settings.api_processes + 1)]
    else:
        apis = [Start("api", [*words, f"--listen={door.fileno()}"], environ, log, [door.fileno()])]
    return [*apis, *(Start(role, words, environ, log) for role in ROLES)]


def _engines_and_tables(settings: Settings, engines: Engines, roles: Sequence[str]) -> Settings:
    """Engines start while the code that makes the tables is loaded."""
    loading = threading.Thread(target=_load_schema)
    loading.start()
    try:
        engines.start()
    finally:
        loading.join()
    from daybook.schema import bring_up_to_date
    from daybook.up.budget import check_budget

    reaching = with_engines(settings, engines)
    # Made before anybody needs it: each child would make one.
    reaching.secret_key()
    asyncio.run(bring_up_to_date(reaching))
    check_budget(reaching, roles)
    return reaching


def _load_schema() -> None:
    import daybook.schema
    import daybook.up.budget  # noqa: F401


def _wait_until_ready(supervisor: Supervisor, settings: Settings) -> bool:
    """False when somebody asked for the end meanwhile, or a child says that it cannot start."""
    end = time.monotonic() + READY_SECONDS
    while not supervisor.stopping:
        ended = supervisor.tick(0.02)
        if any(code == CANNOT_START for _, code in ended):
            return False
        if supervisor.ready and is_ready(settings.host, settings.port):
            return True
        if time.monotonic() > end:
            raise EngineError(f"not ready after {READY_SECONDS:.0f} s; the lines above and {settings.data_dir}/logs say why")
    return False


class Told:
    """How a story went."""

    def __init__(self) -> None:
        self.over = False
        self.code = 0


@contextmanager
def _telling(story: Callable[[Settings], int] | None, settings: Settings, supervisor: Supervisor) -> Iterator[Told]:
    told = Told()
    if story is None:
        yield told
        return

    def tell() -> None:
        told.code = FAILED
        try:
            told.code = story(settings)
        finally:
            told.over = True
            with contextlib.suppress(OSError):  # everything may have ended before it
                supervisor.wake()

    threading.Thread(target=tell, daemon=True, name="story").start()
    yield told


def say_to(stream: IO[str]) -> Callable[[str], None]:
    """A `say` that writes lines to *stream*; a reader that has gone is no reason to end."""

    def say(line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            print(line, file=stream, flush=True)

    return say


def default_say() -> Callable[[str], None]:
    """To stdout, where `ready` is looked for."""
    return say_to(sys.stdout)
