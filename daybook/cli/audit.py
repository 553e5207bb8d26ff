"""`daybook audit`: its table of contents."""

import typer

from daybook.cli import audit_files, audit_proofs, audit_replay, audit_verify


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Checks of the book.")
    group.command("checkpoint", epilog=audit_proofs.CHECKPOINT_EXAMPLE)(audit_proofs.checkpoint)
    group.command("export", epilog=audit_files.EXPORT_EXAMPLE)(audit_files.export)
    group.command("import", epilog=audit_files.IMPORT_EXAMPLE)(audit_files.import_)
    group.command("key", epilog=audit_proofs.KEY_EXAMPLE)(audit_proofs.key)
    group.command("prove", epilog=audit_proofs.PROVE_EXAMPLE)(audit_proofs.prove)
    group.command("replay", epilog=audit_replay.EXAMPLE)(audit_replay.replay)
    group.command("verify", epilog=audit_verify.VERIFY_EXAMPLE)(audit_verify.verify)
    app.add_typer(group, name="audit", epilog="\b\nExample:\n  daybook audit verify")
