"""All commands on a page. Each file registers its own; nothing heavy is imported before a command runs."""

import typer

from daybook.cli import accounts, archive, audit, credits, engines, env, everything, migrate, openapi, projections, recover, roles, secrets
from daybook.version import version

ABOUT = """Generations of media for credits, on an event log that anyone may check.

\b
daybook up      everything on this machine, on an embedded PostgreSQL and Redis
daybook demo    every kind of generation, from the request to the settled book and its proof

\b
Example:
  DAYBOOK_PORT=8001 daybook up
  daybook accounts create --help

\b
Exit codes: 0 done, 1 failed or differs, 2 wrong usage or it cannot start, 130 interrupted.
Commands that need PostgreSQL and Redis use DATABASE_URL and REDIS_URL; without them, the
engines of a running `daybook up` in DAYBOOK_DATA_DIR; else they start them for their own time.
"""


def build() -> typer.Typer:
    """The application."""
    # Plain click help: readable in a pipe, without UTF-8, and built without loading rich.
    app = typer.Typer(
        help=ABOUT,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_root)
    for room in (everything, roles, migrate, accounts, credits, projections, openapi, env, engines, audit, secrets, recover, archive):
        room.register(app)
    return app


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"daybook {version()}")
        raise typer.Exit()


def _root(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="The release, and nothing else."),
) -> None:
    """Options before the command."""
