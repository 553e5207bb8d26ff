"""What the ledger refuses."""

from domain.kernel.refusals import Conflicting, Forbidden, Missing, Unpaid, Unprocessable


class AsOfOutOfRange(Unprocessable):
    """The log says nothing about that point: an error, never zero."""

    detail = "There is no balance as of then."


class AsOfTwice(Unprocessable):
    detail = "Ask for one point only: as_of_position, as_of or as_of_effective."

    @property
    def code(self) -> str:
        return "validation_failed"


class ChargeFullyRefunded(Conflicting):
    detail = "Nothing of the charge of generation {generation_id} is left to refund."


class CreditAccountNotFound(Missing):
    detail = "There is no such account."


class CreditsAreSuspended(Forbidden):
    """Named for the client like any refusal of a suspended account."""

    detail = "This account is suspended: no new work is accepted."

    @property
    def code(self) -> str:
        return "account_suspended"


class AdjustmentInvalid(Unprocessable):
    detail = "An adjustment is not 0, and moves at most {limit} credits."


class DebtOutstanding(Unpaid):
    """Credits that were taken back had been spent."""

    detail = "{owed} credits are owed. New work is accepted once they are paid: the next credits that come in pay them first."
    shown = ("owed",)


class EffectiveTimeRefused(Unprocessable):
    detail = "Credits count from now on, or from a time at most {days} days ago and not before the account was there."


class GrantExists(Conflicting):
    detail = "There is a grant {grant_id} already."


class GrantNotLive(Conflicting):
    detail = "Nothing of grant {grant_id} is left to revoke."


class GrantAmountInvalid(Unprocessable):
    detail = "A grant is at least 1 and at most {limit} credits."


class GrantWasPaid(Conflicting):
    detail = "Grant {grant_id} was paid for. Refund the payment, and its credits go back; or adjust the account."


class HoldExists(Conflicting):
    detail = "Credits are held for this generation already."


class HoldMissing(Conflicting):
    """The hold has ended, or never was: it was captured or released by an earlier fact."""

    detail = "There is no open hold for generation {generation_id}."


class InsufficientCredits(Unpaid):
    detail = "This costs {required} credits; {available} are available, {missing} are missing."
    shown = ("required", "available", "missing")


class NothingToRefund(Conflicting):
    detail = "Generation {generation_id} has no charge."


class RefundExceedsCharge(Conflicting):
    detail = "Asked to refund {asked} credits, but only {left} of the charge are left."
    shown = ("asked", "left")


class RefundExists(Conflicting):
    detail = "The refund {refund_id} gave back {amount} credits; it cannot give back another amount."
    shown = ("amount",)


class TooManyOpenGenerations(Conflicting):
    """So many have begun or wait at once; those that end make room."""

    detail = "An account has at most {limit} open generations."
    shown = ("limit",)
