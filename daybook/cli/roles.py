"""`daybook api | worker | dispatcher | notary | projector | scheduler`: one role each, to scale apart."""

from collections.abc import Callable
from typing import Any

import typer

#: `settings.py` has the same, and is not loaded to show help.
API_PROCESSES_MAX = 64
ROLES = {
    "dispatcher": "Ring the workers' bells, take back the work of dead workers, promote what is due.",
    "notary": "Take the log into a Merkle tree, and sign checkpoints of it.",
    "projector": "Fold the log into the read models.",
    "scheduler": "Do what is due at a time: expiries, deadlines, sweeps.",
}
ABOUT = """{what}

SIGTERM or Ctrl-C drains: what is under way is finished or handed back, then the process ends with 0.
"""


def register(app: typer.Typer) -> None:
    app.command("api", epilog="\b\nExample:\n  DATABASE_URL=... REDIS_URL=... daybook api --processes 4")(api)
    for name, what in ROLES.items():
        example = f"\b\nExample:\n  DATABASE_URL=... REDIS_URL=... daybook {name}"
        app.command(name, help=ABOUT.format(what=what), epilog=example)(_command(name))
    app.command("worker", epilog="\b\nExample:\n  daybook worker --queues image --concurrency 16")(worker)


def _command(name: str) -> Callable[[], int]:
    def command() -> int:
        return _run(name)

    return command


def api(
    processes: int | None = typer.Option(
        None, "--processes", min=1, max=API_PROCESSES_MAX, help="So many serve the one port; else DAYBOOK_API_PROCESSES, else 1."
    ),
) -> int:
    """Serve the HTTP API.

    One process uses one core. Of several each has its own connections to the database; one that dies is started again.
    SIGTERM or Ctrl-C drains: what is under way is finished, then all end with 0.
    """
    from daybook.cli.terminal import no_color
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    given = from_environment()
    count = given.api_processes if processes is None else processes
    if count == 1:
        return _run("api")
    with reached(given) as settings:
        from daybook.up.several import run

        return run(settings, count, no_color=no_color())


def worker(
    queues: str = typer.Option("", "--queues", help="Queues (comma) to work on; all when left out.", metavar="NAME,..."),
    concurrency: int = typer.Option(0, "--concurrency", min=0, max=10_000, help="Generations at once; 0 lets the process choose."),
) -> int:
    """Work on generations.

    SIGTERM or Ctrl-C drains: no attempt is burned, what cannot finish is handed back.
    """
    return _run("worker", queues=tuple(part.strip() for part in queues.split(",") if part.strip()), concurrency=concurrency or None)


def _run(name: str, **options: Any) -> int:
    from daybook.cli.terminal import no_color
    from daybook.processes.entry import serve
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    with reached(from_environment()) as settings:
        return serve(name, settings, no_color=no_color(), **options)
