"""What orders and subscriptions refuse alike."""

from domain.kernel.refusals import Conflicting


class PaymentMismatch(Conflicting):
    """The money that came is not what was asked for: nothing is granted, an operator must look."""

    detail = "The payment's {what} is {found}, {expected} was asked for."
    shown = ("what", "expected", "found")


class PaymentTaken(Conflicting):
    """One payment pays one thing."""

    detail = "The payment {reference} has paid for something else already."


class ReversalUnknown(Conflicting):
    """Nothing here was paid by that payment; if its payment is only late, hearing it again later succeeds."""

    detail = "Nothing was paid by {payment}."
