"""`daybook projections list | rebuild`: how far each read model has seen, and building one again."""

import asyncio
import time
from typing import TYPE_CHECKING

import typer

from daybook.cli.exits import USAGE, Stop
from daybook.cli.terminal import Advance

if TYPE_CHECKING:
    from daybook.settings import Settings
    from projections.kernel.positions import Lag


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Read models: what they are at, and building one again.")
    group.command("list", epilog="\b\nExample:\n  daybook projections list")(show)
    group.command("rebuild", epilog="\b\nExample:\n  daybook projections rebuild generations")(rebuild)
    app.add_typer(group, name="projections", epilog="\b\nExample:\n  daybook projections list")


def show() -> int:
    """Each read model with its version, state, position and how many events it has not seen. 1 when one has stopped."""
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    with reached(from_environment()) as settings:
        lags = asyncio.run(_lags(settings))
    width = max(len(lag.name) for lag in lags)
    typer.echo(f"{'name':{width}}  version  state     position    behind")
    for lag in lags:
        typer.echo(
            f"{lag.name:{width}}  {lag.version:7}  {lag.state:8}  {lag.position:8}  {lag.events:8}"
            + (f"  {lag.error}" if lag.error else "")
        )
    return 1 if any(lag.state == "stopped" for lag in lags) else 0


def rebuild(name: str = typer.Argument(help="Which one; `daybook projections list` names them.")) -> int:
    """Build a read model again from position 1, beside the live one, and swap the two.

    Readers are served by the live one until the swap. Interrupt it at any time: the live one stays as it was.
    """
    from daybook.cli.terminal import bar
    from daybook.settings import from_environment
    from daybook.up.reach import reached
    from projections.kernel.rebuild import RebuildRunning
    from projections.read_models import READ_MODELS

    if name not in READ_MODELS:
        raise Stop(f"there is no read model {name!r}; there are {', '.join(READ_MODELS)}", USAGE)
    with reached(from_environment()) as settings:
        started = time.monotonic()
        try:
            with bar(name) as advance:
                position = asyncio.run(_build(settings, name, advance))
        except RebuildRunning as running:
            raise Stop(str(running)) from running
    typer.echo(f"{name}: rebuilt to position {position} in {time.monotonic() - started:.1f} s")
    return 0


async def _build(settings: "Settings", name: str, advance: Advance) -> int:
    from daybook.objects import archive
    from daybook.schema import direct_url
    from projections.projector import rebuild as build

    async with archive(settings) as old:
        return await build(direct_url(settings), name, advance, archive=old)


async def _lags(settings: "Settings") -> "list[Lag]":
    import psycopg

    from daybook.schema import direct_url
    from projections.kernel.positions import lags_of

    async with await psycopg.AsyncConnection.connect(direct_url(settings), autocommit=True) as connection:
        return await lags_of(connection)
