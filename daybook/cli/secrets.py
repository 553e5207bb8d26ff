"""`daybook secrets`: which keys hang on which secret key, and changing the secret key."""

import asyncio

import typer

from daybook.cli.exits import FAILED, OK


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Keys: what hangs on which secret key.")
    group.callback()(lambda: None)
    group.command("status", epilog="\b\nExample:\n  daybook secrets status && echo the previous key can be dropped")(status)
    group.command("rewrap", epilog="\b\nExample:\n  DAYBOOK_SECRET_KEY=$NEW DAYBOOK_SECRET_KEY_PREVIOUS=$OLD daybook secrets rewrap")(
        rewrap
    )
    app.add_typer(group, name="secrets", epilog="\b\nExample:\n  daybook secrets status")


def status() -> int:
    """Say what hangs on the secret key in force and what on another.

    Exit code 0: nothing needs the previous one any more, 1: something does.
    """
    return _told(rewrap=False)


def rewrap() -> int:
    """Put everything under the secret key in force. The scheduler does the same once an hour.

    Exit code 0: nothing needs the previous one any more, 1: something does.
    """
    return _told(rewrap=True)


def _told(*, rewrap: bool) -> int:
    from daybook.secrets import lines_of, rewrap_secrets, secrets_status
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    with reached(from_environment()) as settings:
        found = asyncio.run(rewrap_secrets(settings) if rewrap else secrets_status(settings))
    for line in lines_of(found):
        typer.echo(line)
    return OK if found.behind == 0 else FAILED
