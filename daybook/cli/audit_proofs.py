"""`daybook audit checkpoint | key | prove`: what is signed, by which keys, and proofs as files."""

import asyncio
from pathlib import Path
from uuid import UUID

import typer

from daybook.cli.exits import USAGE, Stop

CHECKPOINT_EXAMPLE = "\b\nExample:\n  daybook audit checkpoint --balances > checkpoint"
KEY_EXAMPLE = "\b\nExample:\n  daybook audit key > daybook.key"
PROVE_EXAMPLE = (
    "\b\nExample:\n  daybook audit prove --entry 17 --out entry.json\n  daybook audit prove --balance 0193f0c2-... --out balance.json"
)


def checkpoint(
    balances: bool = typer.Option(False, "--balances", help="Seal all balances first, so that balances can be proven."),
) -> int:
    """Sign everything that is in the log, and print the checkpoint.

    It is also kept in the database and the object store. Exit code 1: the log does not lead to what was signed before.
    """
    from daybook.cli.terminal import bar
    from daybook.proofs import checkpoint_now
    from daybook.settings import from_environment
    from daybook.up.reach import reached
    from projections.notary.notary import LogEmpty
    from projections.notary.refusals import NotaryRefuses

    with reached(from_environment(), redis=False) as settings, bar("signing") as advance:
        try:
            note = asyncio.run(checkpoint_now(settings, advance, balances=balances))
        except (NotaryRefuses, LogEmpty) as refusal:
            raise Stop(str(refusal)) from refusal
    typer.echo(note, nl=False)
    return 0


def key(
    rotate: bool = typer.Option(False, "--rotate", help="Retire the key that signs, and make the next one."),
) -> int:
    """Print the public keys of the checkpoints, one a line, the oldest first.

    With --rotate the private half of the key in use is destroyed. What it signed stays valid: keep its line.
    """
    from daybook.proofs import keys
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    with reached(from_environment(), redis=False) as settings:
        lines = asyncio.run(keys(settings, rotate=rotate))
    for line in lines:
        typer.echo(line)
    return 0


def prove(
    entry: int | None = typer.Option(None, "--entry", help="A position of the log.", metavar="POSITION"),
    balance: UUID | None = typer.Option(None, "--balance", help="An account, as of the last seal.", metavar="ACCOUNT"),
    consistency: tuple[int, int] = typer.Option((0, 0), "--consistency", help="Two checkpoints' sizes.", metavar="FROM TO"),
    out: Path = typer.Option(..., "--out", help="The file to write.", dir_okay=False, metavar="FILE"),
) -> int:
    """Write a proof that anyone can check with verify_proof.py and the public keys.

    An entry: that it is in the log. A balance: that it was sealed. Consistency: that the log only grew in between.
    """
    from daybook.cli.refused import spelled_out
    from daybook.proofs import proof
    from daybook.settings import from_environment
    from daybook.up.reach import reached
    from domain.kernel.refusals import Refusal

    sizes = consistency if consistency != (0, 0) else None
    if sum(each is not None for each in (entry, balance, sizes)) != 1:
        raise Stop("say one of --entry POSITION, --balance ACCOUNT and --consistency FROM TO", USAGE)
    if sizes is not None and not 1 <= sizes[0] <= sizes[1]:
        raise Stop("--consistency takes the size of the older checkpoint first", USAGE)
    with reached(from_environment(), redis=False) as settings:
        try:
            data = asyncio.run(proof(settings, entry=entry, balance=balance, consistency=sizes))
        except Refusal as refusal:
            raise Stop(spelled_out(refusal)) from refusal
    try:
        out.write_bytes(data)
    except OSError as error:
        raise Stop(f"{out} cannot be written: {error.strerror}") from error
    return 0
