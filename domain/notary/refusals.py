"""Why a fact of the notary is not recorded."""

from domain.kernel.refusals import Conflicting


class BalancesSealedLater(Conflicting):
    """A seal of an earlier position would look as if balances had been forgotten in between."""

    detail = "The balances are sealed as of position {sealed} already."


class SealDiffers(Conflicting):
    """The same log gives the same balances: one of the two roots is wrong."""

    detail = "The balances as of position {position} are sealed with another root."


class IncarnationKnown(Conflicting):
    detail = "The log is in incarnation {known} already."
