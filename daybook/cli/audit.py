"""`daybook audit verify`: the whole log, checked with code that shares nothing with the read models."""

import asyncio

import typer

from daybook.cli import audit_files, audit_proofs
from daybook.cli.exits import FAILED, OK


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Checks of the book.")
    group.command("checkpoint", epilog=audit_proofs.CHECKPOINT_EXAMPLE)(audit_proofs.checkpoint)
    group.command("export", epilog=audit_files.EXPORT_EXAMPLE)(audit_files.export)
    group.command("import", epilog=audit_files.IMPORT_EXAMPLE)(audit_files.import_)
    group.command("key", epilog=audit_proofs.KEY_EXAMPLE)(audit_proofs.key)
    group.command("prove", epilog=audit_proofs.PROVE_EXAMPLE)(audit_proofs.prove)
    group.command("verify", epilog="\b\nExample:\n  daybook audit verify && echo intact")(verify)
    app.add_typer(group, name="audit", epilog="\b\nExample:\n  daybook audit verify")


def verify() -> int:
    """Replay the log from position 1 and compare everything that can be compared.

    Sums, signs, holds, one money story per generation, and every read model with its recomputation. The first
    difference is named. Exit code 0: all agrees, 1: something differs.
    """
    from daybook.cli.terminal import bar
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    with reached(from_environment()) as settings, bar("checking") as advance:
        from daybook.verification import verified

        lines, intact = asyncio.run(verified(settings, advance))
    for line in lines:
        typer.echo(line)
    return OK if intact else FAILED
