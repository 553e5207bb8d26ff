"""Why there is no proof."""

from domain.kernel.refusals import Conflicting, Missing, Unavailable


class AccountNotSealed(Missing):
    detail = "This account had no credits when balances were sealed, as of position {position}."


class BalancesNotSealed(Missing):
    """Balances are sealed once a day, and by `daybook audit checkpoint --balances`."""

    detail = "No balances have been sealed under a checkpoint yet."


class CheckpointNotFound(Missing):
    detail = "There is no checkpoint of this size."


class EntryNotFound(Missing):
    detail = "The log has no such position."


class NotYetNotarised(Conflicting):
    """It is in the log; the next checkpoint will cover it."""

    detail = "Position {position} is not covered by a checkpoint yet. Try again in {retry_after} s."
    retryable = True


class SealedLogDiffers(Conflicting):
    """The log, or the tree over it, was altered after it was signed. `daybook audit verify` says where."""

    detail = "{what}: the log was altered after it was signed."


class TreeIncomplete(Unavailable):
    detail = "A part of the tree is being made again from the log. Try again in {retry_after} s."
