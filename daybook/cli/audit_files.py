"""`daybook audit export | import`: the log as a file that anyone can check, and back into an empty log."""

import asyncio
from pathlib import Path
from uuid import UUID

import typer

from daybook.cli.exits import OK, USAGE, Stop

EXPORT_EXAMPLE = "\b\nExample:\n  daybook audit export --out book.ndjson\n  daybook audit export --out - | gzip > book.ndjson.gz"
IMPORT_EXAMPLE = "\b\nExample:\n  daybook audit import book.ndjson --key keys.txt && daybook audit verify"


def export(
    out: Path = typer.Option(..., "--out", help="The file to write; `-` is stdout."),
    account: UUID | None = typer.Option(None, "--account", help="Only this account's events, each with its proof of inclusion."),
    force: bool = typer.Option(False, "--force", help="Write over a file that is there."),
) -> int:
    """Write the log, its checkpoints and the public keys as NDJSON. The file appears when it is whole.

    What people wrote is ciphertext in it. The last line's digest shows that nothing is missing.
    """
    from daybook.cli.terminal import bar
    from daybook.files import STDOUT, appearing
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    with reached(from_environment(), redis=False) as settings:
        from daybook.log_files import write_export
        from projections.notary.proof_refusals import TreeIncomplete

        try:
            with appearing(out, force=force) as file, bar("exporting", beside=out == STDOUT) as advance:
                account_id = None if account is None else str(account)
                head = asyncio.run(write_export(settings, file, advance, account_id=account_id))
        except FileExistsError as error:
            raise Stop(f"{out} is there already; --force writes over it", USAGE) from error
        except TreeIncomplete as error:
            raise Stop(str(error)) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Stop(f"{out} cannot be written: {error.strerror or error}") from error
    if out != STDOUT:
        typer.echo(f"{out}: the log up to position {head}")
    return OK


def import_(
    file: Path = typer.Argument(help="What `audit export` wrote, of a whole log."),
    key: Path | None = typer.Option(None, "--key", help="Public keys that you trust, one a line; all keys in the file must be among them."),
) -> int:
    """Take an exported log into an empty, migrated database. Everything is checked first; all of it comes in or nothing.

    Form, canonical JSON, positions, digest, and every checkpoint's root and signature. What an export does not hold does not
    come back: keys of persons (so nobody can log in and nothing sealed can be read), sessions, objects, private keys.
    """
    from daybook.cli.terminal import bar
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    trusted = None if key is None else _keys_in(key)
    if not file.is_file():
        raise Stop(f"there is no file {file}", USAGE)
    with reached(from_environment(), redis=False) as settings:
        from daybook.log_files import read_import
        from infra.imports.refused import ImportRefused

        try:
            with file.open("rb") as lines, bar("importing") as advance:
                size = file.stat().st_size
                done = asyncio.run(read_import(settings, lines, lambda read: advance(read, size), trusted=trusted))
        except ImportRefused as refusal:
            raise Stop(f"{file}: {refusal}. Nothing was imported.") from refusal
    typer.echo(f"{done.events} events, {done.checkpoints} checkpoints, {done.keys} keys; root {done.root.hex()}")
    typer.echo(f"{done.claims} claims and {done.open_generations} open generations follow from them; read models follow in `daybook up`.")
    return OK


def _keys_in(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{path} cannot be read: {error}", USAGE) from error
    if not lines:
        raise Stop(f"{path} holds no key", USAGE)
    return lines
