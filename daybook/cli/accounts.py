"""`daybook accounts create | erase`: the first operator and whoever else cannot register over HTTP; and forgetting somebody."""

import sys
from enum import Enum
from uuid import UUID

import typer

from daybook.cli.exits import USAGE, Stop
from daybook.cli.reasons import stated
from daybook.cli.refused import carried_out, spelled_out


class Role(str, Enum):
    """What an account may do beside being a user."""

    user = "user"
    operator = "operator"
    auditor = "auditor"


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Accounts made from this machine.")
    group.callback()(lambda: None)
    group.command(
        "create",
        epilog='\b\nExample:\n  printf %s "$PASSWORD" | daybook accounts create --email op@example.com --role operator --password-stdin',
    )(create)
    group.command("erase", epilog='\b\nExample:\n  daybook accounts erase 0193f0c2-... --reason "asked by letter" --yes')(erase)
    app.add_typer(
        group, name="accounts", epilog="\b\nExample:\n  daybook accounts create --email a@example.com --role auditor --password-stdin"
    )


def create(
    email: str = typer.Option(..., "--email", help="Its e-mail address, unique among accounts."),
    role: Role = typer.Option(Role.user, "--role", help="An operator and an auditor are users too."),
    password_stdin: bool = typer.Option(False, "--password-stdin", help="Read the password from standard input (else it is asked for)."),
) -> int:
    """Make an account and print its id."""
    from daybook.office import create_account
    from daybook.settings import from_environment
    from daybook.up.reach import reached

    password = _password(password_stdin)
    _check(email, password)
    with reached(from_environment()) as settings:
        account_id = carried_out(create_account(settings, email=email, password=password, role=role.value))
    typer.echo(str(account_id))
    return 0


def erase(
    account: UUID = typer.Argument(help="The account's id."),
    reason: str = typer.Option(..., "--reason", help="Why; sealed, and erased with the rest.", callback=stated),
    yes: bool = typer.Option(False, "--yes", help="Do not ask. It cannot be undone."),
) -> int:
    """Erase a person: end and delete what is theirs, destroy their key, and wait until it is done.

    Amounts, kinds and times stay in the book. Interrupt it at any time: the scheduler goes on with it.
    """
    from daybook.cli.terminal import bar
    from daybook.erasing import erase_account
    from daybook.settings import from_environment
    from daybook.up.reach import reached
    from workers.erasure.eraser import STEPS

    if not yes and not typer.confirm(f"Erase {account} for ever?"):
        raise Stop("nothing was erased")
    with reached(from_environment()) as settings, bar("erasing") as advance:
        carried_out(erase_account(settings, account, reason=reason, told=lambda step: advance(STEPS.index(step), len(STEPS))))
    typer.echo(f"{account}: erased")
    return 0


def _check(email: str, password: str) -> None:
    """The rules of registering over HTTP hold here too, and are told before any engine starts."""
    import msgspec

    from api.shapes.access import Email, NewPassword
    from domain.access.passwords import checked_password
    from domain.kernel.refusals import Refusal

    try:
        msgspec.convert(email, Email)
    except msgspec.ValidationError as error:
        raise Stop("--email is not an e-mail address", USAGE) from error
    try:
        msgspec.convert(password, NewPassword)
        checked_password(password, "/password")
    except msgspec.ValidationError as error:
        raise Stop("the password is too short: it needs at least 8 characters", USAGE) from error
    except Refusal as refusal:
        raise Stop(spelled_out(refusal), USAGE) from refusal


def _password(from_stdin: bool) -> str:
    if from_stdin:
        # A file ends with a line break, a password does not.
        return sys.stdin.read().removesuffix("\n")
    if not sys.stdin.isatty():
        raise Stop("there is no terminal to ask for the password; give it with --password-stdin", USAGE)
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
