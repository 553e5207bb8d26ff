"""What the log says about itself: one stream, the same in every installation."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Streams
from domain.kernel.facts import Root, when
from domain.notary import commands, events, refusals

#: Arbitrary, but fixed for ever: it stands in logs and proofs.
STREAM = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c0de")


class Notary(Root):
    TOPIC = "notary.notary"

    def __init__(self) -> None:
        #: The position and the root of the last seal.
        self.sealed = 0
        self.root = ""
        self.incarnation = 1

    @classmethod
    def among(cls, streams: Streams, *, now: datetime) -> "Notary":
        """The stream, begun with the first fact that needs it."""
        found = streams.get(cls, STREAM)
        if found is None:
            found = cls._create(events.NotaryOpened, id=STREAM, timestamp=now)
        return found

    def seal(self, seal: commands.SealBalances, *, now: datetime) -> None:
        """Commit to balances. Repeating a seal changes nothing.   Raises BalancesSealedLater, SealDiffers."""
        if seal.position < self.sealed:
            raise refusals.BalancesSealedLater(sealed=self.sealed)
        if seal.position > self.sealed:
            self.record(
                events.BalancesSealed,
                now=now,
                position=seal.position,
                root=seal.root,
                accounts=seal.accounts,
                checkpoints=seal.checkpoints,
                last_checkpoint=seal.last_checkpoint,
            )
        elif seal.root != self.root:
            raise refusals.SealDiffers(position=seal.position)

    def restored(self, lost_from: int, *, incarnation: int, now: datetime) -> None:
        """Begin the next incarnation. Repeating it changes nothing.   Raises IncarnationKnown for an earlier one."""
        if incarnation < self.incarnation:
            raise refusals.IncarnationKnown(known=self.incarnation)
        if incarnation > self.incarnation:
            self.record(events.LogRestored, now=now, lost_from=lost_from, incarnation=incarnation)

    @when(events.NotaryOpened)
    def _opened(self, fact: events.NotaryOpened) -> None:
        """There is nothing in it."""

    @when(events.BalancesSealed)
    def _sealed(self, fact: events.BalancesSealed) -> None:
        self.sealed, self.root = fact.position, fact.root

    @when(events.LogRestored)
    def _restored(self, fact: events.LogRestored) -> None:
        self.incarnation = fact.incarnation
