"""`daybook credits grant | adjust`: the operator's hand, with a reason that stays in the book."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import typer

from daybook.cli.reasons import stated
from daybook.cli.refused import carried_out
from domain.kernel.limits import CREDITS_MAX

GRANT_EXAMPLE = '\b\nExample:\n  daybook credits grant 0193f0c2-... 100 --reason "beta tester"'
ADJUST_EXAMPLE = '\b\nExample:\n  daybook credits adjust 0193f0c2-... -30 --reason "granted twice"'
ACCOUNT = typer.Argument(help="The account's id.")
REASON = typer.Option(..., "--reason", help="Why; it stands in the log, sealed with the account's key.", callback=stated)


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Credits from the operator's hand.")
    group.callback()(lambda: None)
    group.command("grant", epilog=GRANT_EXAMPLE)(grant)
    # Else an amount below 0 is taken for an option.
    group.command("adjust", epilog=ADJUST_EXAMPLE, context_settings={"ignore_unknown_options": True})(adjust)
    app.add_typer(group, name="credits", epilog=GRANT_EXAMPLE)


def grant(
    account: UUID = ACCOUNT,
    amount: int = typer.Argument(min=1, max=CREDITS_MAX, help="Whole credits."),
    reason: str = REASON,
    days: int = typer.Option(0, "--days", min=0, max=36_500, help="Days until the grant expires; 0: never."),
) -> int:
    """Grant credits to an account and print the grant's id."""
    from daybook.office import grant_credits

    return _printed(lambda settings: grant_credits(settings, account, amount=amount, reason=reason, days=days))


def adjust(
    account: UUID = ACCOUNT,
    amount: int = typer.Argument(min=-CREDITS_MAX, max=CREDITS_MAX, help="Whole credits, above 0 or below."),
    reason: str = REASON,
) -> int:
    """Correct an account's credits in either direction and print the adjustment's id.

    Above 0 they are given. Below 0 free ones are taken in burn order, and what is missing is owed: whatever becomes free
    later pays it, and until then nothing new is accepted.
    """
    from daybook.office import adjust_credits

    return _printed(lambda settings: adjust_credits(settings, account, amount=amount, reason=reason))


def _printed(act: Callable[[Any], Coroutine[Any, Any, UUID]]) -> int:
    """Do it, and print the id of what was made."""
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    with reached(from_environment()) as settings:
        made = carried_out(act(settings))
    typer.echo(str(made))
    return 0
