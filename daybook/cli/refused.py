"""What the domain refuses, said to a person at a shell."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from daybook.cli.exits import Stop

Made = TypeVar("Made")


def carried_out(work: Coroutine[Any, Any, Made]) -> Made:
    """What *work* gives, run to its end.   Raises Stop with the sentence of a refusal."""
    from domain.kernel.refusals import Refusal, Unavailable

    try:
        return asyncio.run(work)
    except Unavailable:
        # A store that is away is said in its own way, see `failures`.
        raise
    except Refusal as refusal:
        raise Stop(spelled_out(refusal)) from refusal


def spelled_out(refusal: Exception) -> str:
    """The refusal's sentence, with its details."""
    details = "; ".join(f"{pointer.lstrip('/')} {detail}" for pointer, detail in getattr(refusal, "errors", ()))
    return f"{refusal} {details}".strip()
