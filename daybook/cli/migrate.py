"""`daybook migrate`: tables and bucket."""

import asyncio

import typer


def register(app: typer.Typer) -> None:
    app.command("migrate", epilog="\b\nExample:\n  DATABASE_URL=postgresql://... daybook migrate")(migrate)


def migrate() -> int:
    """Bring the database and the object store to this release.

    Safe to run by many processes at once, and again. `daybook up` does it by itself; elsewhere run it before the
    processes of a new release start. It makes the bucket, its CORS rules and its lifecycle rules too.
    """
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    with reached(from_environment(), migrated=False, create=True) as settings:
        from daybook.schema import bring_up_to_date

        done = asyncio.run(bring_up_to_date(settings))
    for line in done:
        typer.echo(line)
    return 0
