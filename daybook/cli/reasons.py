"""`--reason`: why somebody did something from the machine itself."""

import typer

from domain.kernel.limits import REASON_CHARS_MAX


def stated(reason: str) -> str:
    """*reason*, which must say something.   Raises typer.BadParameter, which names the option."""
    if not reason.strip():
        raise typer.BadParameter("say why; it must not be blank")
    if len(reason) > REASON_CHARS_MAX:
        raise typer.BadParameter(f"at most {REASON_CHARS_MAX} characters")
    return reason
