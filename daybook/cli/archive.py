"""`daybook archive`: old events' words into files in the object store, and a look at these files."""

import asyncio
import re

import typer

from daybook.cli.exits import OK, USAGE, Stop

EXAMPLE = "\b\nExample:\n  daybook archive --older-than 90d\n  daybook archive --check"
_AGE = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
POSITION_MAX = 2**63 - 1


def register(app: typer.Typer) -> None:
    app.command("archive", epilog=EXAMPLE)(archive)


def archive(
    older_than: str | None = typer.Option(None, "--older-than", help="Only what was recorded longer ago, such as 90d, 36h or 0s."),
    to: int | None = typer.Option(None, "--to", help="At most up to this position of the log.", min=1),
    check: bool = typer.Option(False, "--check", help="Read every file of the archive and check it by itself; change nothing."),
) -> int:
    """Bring the words of old events into files that never change, and out of the database.

    Whole segments of 4,096 events that are signed and that every reader of the log has seen. Each file is read back and checked
    before the rows give up their words; rows, sums and proofs stay. Interrupt it at any time: the next run goes on. Exit code 1: the
    log or a file is not what was signed.
    """
    from daybook.archiving import archive_now, look
    from daybook.cli.terminal import bar
    from daybook.settings import from_environment
    from daybook.up.reach import reached
    from infra.archive.archiver import AnotherArchives, Limits, LogDiffers
    from infra.archive.segment import SegmentDamaged
    from projections.notary.nodes import NodesLost

    if check == (older_than is not None or to is not None):
        raise Stop("say --older-than or --to, or both, or --check alone", USAGE)
    limits = Limits(to=to or POSITION_MAX, seconds=_seconds(older_than) if older_than is not None else 0)
    with reached(from_environment(), redis=False) as settings, bar("checking" if check else "archiving") as advance:
        try:
            if check:
                looked = asyncio.run(look(settings, advance))
            else:
                done = asyncio.run(archive_now(settings, limits, advance))
        except (AnotherArchives, LogDiffers, SegmentDamaged, NodesLost) as error:
            raise Stop(str(error)) from error
    if check:
        typer.echo(f"{looked.segments} segments with {looked.events} events in {looked.bytes} bytes: each leads to a signed checkpoint")
        return OK
    typer.echo(f"{done.segments} segments written, {done.bytes} bytes; {done.thinned} rows gave up their words")
    typer.echo(f"archived up to position {done.upto}")
    return OK


def _seconds(age: str) -> float:
    found = _AGE.fullmatch(age)
    if found is None:
        raise Stop(f"--older-than is a number and s, m, h or d, such as 90d; not {age!r}", USAGE)
    return int(found[1]) * _SECONDS[found[2]]
