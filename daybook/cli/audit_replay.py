"""`daybook audit replay`: every ledger entry with the balances after it."""

import asyncio
import sys
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import typer

from daybook.cli.exits import OK, USAGE, Stop
from daybook.cli.terminal import Advance, bar

if TYPE_CHECKING:
    from daybook.replaying import Asked
    from daybook.settings import Settings

EXAMPLE = (
    "\b\nExample:\n  daybook audit replay --account 0193f0c2-...\n"
    "  daybook audit replay --as-of 2026-11-01T00:00:00Z --format csv > october.csv"
)


class Form(StrEnum):
    TABLE = "table"
    CSV = "csv"
    NDJSON = "ndjson"


def replay(
    account: UUID | None = typer.Option(None, "--account", help="Only this account's book."),
    as_of: str | None = typer.Option(None, "--as-of", help="A position of the log, or a time with offset: as the log stood then."),
    as_of_effective: str | None = typer.Option(None, "--as-of-effective", help="A time with offset: only what counted then."),
    form: Form = typer.Option(Form.TABLE, "--format", help="How the lines are written."),
) -> int:
    """Print the ledger entries in the order of the log, each with what it moved and the account's balances after it.

    Everything is summed from the log itself. Numbers are whole credits.
    """
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    if as_of is not None and as_of_effective is not None:
        raise Stop("ask for one point only: --as-of or --as-of-effective", USAGE)
    position = int(as_of) if as_of is not None and as_of.isascii() and as_of.isdecimal() else None
    recorded = _time("--as-of", as_of) if position is None else None
    effective = _time("--as-of-effective", as_of_effective)
    with reached(from_environment(), redis=False) as settings:
        from daybook.replaying import Asked, NoSuchAccount
        from projections.log.points import OutOfRange

        asked = Asked(account, position, recorded, effective)
        try:
            with bar("replaying", beside=True) as advance:
                asyncio.run(_write(settings, asked, form, advance))
        except OutOfRange as error:
            raise Stop(f"{as_of or as_of_effective} {error}", USAGE) from error
        except NoSuchAccount as error:
            raise Stop(str(error)) from error
    return OK


async def _write(settings: "Settings", asked: "Asked", form: Form, advance: Advance) -> None:
    from daybook.replaying import replayed

    out = sys.stdout.buffer
    async for page in replayed(settings, asked, form.value):
        out.write(page.lines)
        advance(page.position, page.upto)
    if form is Form.TABLE:
        available, held, owed = page.balance
        out.write(f"position {page.upto}: available {available}, held {held}, owed {owed}\n".encode())
    out.flush()


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in text.upper():
        raise Stop(f"{option}: {text!r} is neither a position nor a time such as 2026-11-21T12:00:00Z", USAGE)
    return moment
