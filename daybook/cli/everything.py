"""`daybook up` and `daybook demo`."""

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    app.command("up", epilog="\b\nExample:\n  DAYBOOK_PORT=8001 daybook up")(up)
    app.command("demo", epilog="\b\nExample:\n  daybook demo --url http://127.0.0.1:8000")(demo)


def up() -> int:
    """Run everything on this machine: engines, API, worker, followers.

    Prints `ready http://...` when it serves. A process that dies is started again. Ctrl-C or SIGTERM drains and stops
    all; a second one stops at once. PostgreSQL and Redis are embedded unless DATABASE_URL and REDIS_URL name others.
    """
    from daybook.settings import from_environment
    from daybook.up.up import default_say, run

    settings = from_environment()
    for warning in settings.warnings:
        typer.echo(f"daybook: {warning}", err=True)
    return run(settings, say=default_say())


def demo(
    url: str = typer.Option("", "--url", help="Show it against this server instead of one of its own.", metavar="URL"),
    folder: Path | None = typer.Option(None, "--save-to", help="Where the images go; else a folder beside the data.", file_okay=False),
) -> int:
    """Every kind of generation, from the request to the settled book and a proof of it.

    Starts a Daybook of its own on a free port, with its data in DAYBOOK_DATA_DIR/demo, so that it runs beside
    `daybook up`; registers an account; asks for three images; shows what they cost; buys credits, lets some lapse, has
    a charge refunded; uploads and edits a picture, has it measured, makes a clip with sound, speech and a streamed
    text; takes a signed webhook; schedules one and cancels one; checks the book, signs it, and has proofs checked by
    a program that needs nothing of Daybook. With --url it does what an ordinary account may do.
    """
    from daybook.demo import demo as show

    return show.on_server(url, folder) if url else show.on_its_own(folder)
