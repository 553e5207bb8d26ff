"""What the notary writes into the log, as its facts decide it."""

from datetime import UTC, datetime

import pytest

from domain.notary.commands import SealBalances
from domain.notary.events import BalancesSealed, LogRestored, NotaryOpened
from domain.notary.notary import STREAM, Notary
from domain.notary.refusals import BalancesSealedLater, IncarnationKnown, SealDiffers

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Streams:
    def __init__(self, known=None):
        self.known = known

    def get(self, kind, stream):
        assert (kind, stream) == (Notary, STREAM)
        return self.known


def opened():
    return Notary.among(Streams(), now=NOON)


def seal_of(position, root):
    return SealBalances(position=position, root=root, accounts=2, checkpoints=3, last_checkpoint=5)


def facts(notary):
    return [type(fact) for fact in notary.pending_events]


def test_the_stream_begins_with_the_first_fact_that_needs_it():
    notary = opened()
    notary.seal(seal_of(7, "cm9vdA=="), now=NOON)
    assert facts(notary) == [NotaryOpened, BalancesSealed]
    assert Notary.among(Streams(notary), now=NOON) is notary
    seal = notary.pending_events[1]
    assert (seal.position, seal.accounts, seal.checkpoints, seal.last_checkpoint) == (7, 2, 3, 5)
    assert notary.pending_events[1].postings() is None


def test_the_same_seal_again_changes_nothing():
    notary = opened()
    for _ in range(2):
        notary.seal(seal_of(7, "a"), now=NOON)
    assert facts(notary) == [NotaryOpened, BalancesSealed]


def test_another_root_for_the_same_position_is_refused():
    notary = opened()
    notary.seal(seal_of(7, "a"), now=NOON)
    with pytest.raises(SealDiffers):
        notary.seal(seal_of(7, "b"), now=NOON)


def test_seals_do_not_go_back():
    notary = opened()
    notary.seal(seal_of(7, "a"), now=NOON)
    with pytest.raises(BalancesSealedLater):
        notary.seal(seal_of(6, "a"), now=NOON)
    notary.seal(seal_of(8, "b"), now=NOON)
    assert notary.sealed == 8


def test_a_restore_begins_the_next_incarnation_once():
    notary = opened()
    for _ in range(2):
        notary.restored(40, incarnation=2, now=NOON)
    assert facts(notary) == [NotaryOpened, LogRestored]
    with pytest.raises(IncarnationKnown):
        notary.restored(40, incarnation=1, now=NOON)
