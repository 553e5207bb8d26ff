"""`daybook env`: the settings in force, for people and for the shell."""

import shlex

import typer


def register(app: typer.Typer) -> None:
    app.command("env", epilog='\b\nExample:\n  eval "$(daybook env --show-secrets)" && psql "$DATABASE_URL"')(env)


def env(show_secrets: bool = typer.Option(False, "--show-secrets", help="Print keys and passwords too.")) -> int:
    """The settings in force, as `export` lines.

    The addresses of the embedded engines are among them, also while they do not run. REDISCLI_AUTH and the comment
    below it are for redis-cli, which takes a socket only as an option.
    """
    from daybook.in_force import in_force, redis_cli
    from daybook.settings import from_environment
    from daybook.variables import masked

    settings = from_environment()
    values = in_force(settings)
    for name, value in values.items():
        shown = value if show_secrets else masked(name, value)
        typer.echo(f"export {name}={shlex.quote(shown)}")
    hint = redis_cli(values.get("REDIS_URL", ""))
    if hint is not None:
        typer.echo(f"export REDISCLI_AUTH={shlex.quote(hint.password if show_secrets else '***')}")
        typer.echo(f"# redis-cli -s {shlex.quote(hint.socket)}")
    return 0
