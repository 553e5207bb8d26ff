"""`daybook credits grant`: credits from the operator's hand, with a reason that stays in the book."""

import asyncio
from uuid import UUID

import typer

from daybook.cli.accounts import spelled_out
from daybook.cli.exits import Stop


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Credits from the operator's hand.")
    group.callback()(lambda: None)
    group.command("grant", epilog='\b\nExample:\n  daybook credits grant 0193f0c2-... 100 --reason "beta tester"')(grant)
    app.add_typer(group, name="credits", epilog='\b\nExample:\n  daybook credits grant 0193f0c2-... 100 --reason "beta tester"')


def grant(
    account: UUID = typer.Argument(help="The account's id."),
    amount: int = typer.Argument(min=1, max=1_000_000_000, help="Whole credits."),
    reason: str = typer.Option(..., "--reason", help="Why; it stands in the log for ever."),
    days: int = typer.Option(0, "--days", min=0, max=36_500, help="Days until the grant expires; 0: never."),
) -> int:
    """Grant credits to an account and print the grant's id."""
    from daybook.office import grant_credits
    from daybook.settings import from_environment
    from daybook.up.reach import reached
    from domain.kernel.refusals import Refusal, Unavailable

    with reached(from_environment()) as settings:
        try:
            grant_id = asyncio.run(grant_credits(settings, account, amount=amount, reason=reason, days=days))
        except Unavailable:
            raise
        except Refusal as refusal:
            raise Stop(spelled_out(refusal)) from refusal
    typer.echo(str(grant_id))
    return 0
