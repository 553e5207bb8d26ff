"""Is the money that came the money that was asked for?"""

from typing import Any

from domain.payments.refusals import PaymentMismatch


def check_same(asked: Any, heard: Any, *names: str) -> None:
    """The fields *names* of both are equal.   Raises PaymentMismatch for the first that is not."""
    for name in names:
        expected, found = getattr(asked, name), getattr(heard, name)
        if expected != found:
            raise PaymentMismatch(what=name, expected=expected, found=found)
