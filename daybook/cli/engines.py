"""`daybook engines`: the embedded engines alone."""

import typer

EXAMPLE = '\b\nExample:\n  daybook engines &\n  eval "$(daybook env --show-secrets)" && pg_restore --dbname "$DATABASE_URL" copy.dump'


def register(app: typer.Typer) -> None:
    app.command("engines", epilog=EXAMPLE)(engines)


def engines() -> int:
    """Run the embedded PostgreSQL and Redis and nothing else, for dumps, restores and psql.

    Prints `ready` when they answer; `daybook env` says where. Nothing is migrated. Ctrl-C or SIGTERM stops them.
    """
    import signal
    import threading

    from daybook.engines import embedded
    from daybook.settings import from_environment

    settings = from_environment()
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    with embedded(settings.data_dir, runtime_parent=settings.runtime_parent, redis_server=settings.redis_server):
        typer.echo("ready")
        asked.wait()
    return 0
