"""`daybook recover`: after a restore."""

import asyncio

import typer

from daybook.cli.exits import FAILED, OK, Stop

EXAMPLE = '\b\nExample:\n  pg_restore --dbname "$DATABASE_URL" copy.dump && daybook recover && daybook audit verify'


def register(app: typer.Typer) -> None:
    app.command("recover", epilog=EXAMPLE)(recover)


def recover() -> int:
    """After restoring the database, before anything else is started: make the copy fit what happened since.

    Compares the log with the newest checkpoint in the object store and begins a new incarnation when signed events are
    lost, makes leases and sessions void, and erases again who was erased since. Run it as often as you like.
    """
    from daybook.recovery import OthersAtWork, recover
    from daybook.settings import from_environment
    from daybook.up.reach import reached
    from projections.notary.refusals import NotaryRefuses

    with reached(from_environment()) as settings:
        try:
            found = asyncio.run(recover(settings, typer.echo))
        except (OthersAtWork, NotaryRefuses) as refusal:
            raise Stop(str(refusal), FAILED) from refusal
    if found.lost_from is None:
        typer.echo(f"nothing that was signed is lost; the log goes on in incarnation {found.incarnation}")
    else:
        typer.echo(f"positions from {found.lost_from} on were lost; incarnation {found.incarnation} of the log has begun")
    typer.echo(f"{found.leases} leases are void, {found.erased} people erased again, checkpoint {found.sealed} signed")
    return OK
