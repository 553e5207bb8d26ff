"""Ledger facts. Amounts are whole credits. The postings of each are the table of the ledger's rules, one row a fact."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.kernel.facts import Fact, FirstFact, Postings


class Part(NamedTuple):
    """How much of a hold or a charge came from which grant."""

    grant_id: UUID
    amount: int


class CreditAccountOpened(FirstFact):
    TOPIC = "credits.account_opened"
    account_id: UUID


#: What these grant was paid for, so it goes back with its payment.
PAID_SOURCES = frozenset({"purchase", "subscription", "test"})
#: The book of corrections in either direction; every other credit was issued by its source.
ADJUSTMENTS = "adjustments"
ADJUSTMENT_SOURCE = "adjustment"


def issuing_book(source: str) -> str:
    """The outside book that grants of *source* come out of, and go back to."""
    return ADJUSTMENTS if source == ADJUSTMENT_SOURCE else f"issued:{source}"


class CreditsGranted(Fact):
    """`source`: adjustment, goodwill, operator, purchase, refund, subscription, test, welcome. Lower `priority` burns first.

    A refund is a grant that names the charge it gives back (`charge_id`) and its own id (`refund_id`); what was bought names its
    order or subscription (`order_id`). The timestamp is when it counts, which may lie before it was recorded.
    """

    TOPIC = "credits.granted"
    grant_id: UUID
    source: str
    amount: int
    priority: int
    expires_at: datetime | None
    sealed_memo: str | None = None
    reason: str | None = None
    charge_id: UUID | None = None
    refund_id: UUID | None = None
    order_id: UUID | None = None

    def postings(self) -> Postings:
        return Postings(self.amount, 0, 0, -self.amount, issuing_book(self.source))


class CreditsHeld(Fact):
    """The hold of a generation, taken from grants in burn order. The hold's id is the generation's."""

    TOPIC = "credits.held"
    generation_id: UUID
    kind: str
    amount: int
    parts: list[Part]

    def postings(self) -> Postings:
        return Postings(-self.amount, self.amount, 0, 0, "")


class HoldCaptured(Fact):
    """`charged` of `held` credits are earned (`parts`); the rest went back to its grants (`returned`).

    The charge's id is the generation's.
    """

    TOPIC = "credits.hold_captured"
    generation_id: UUID
    kind: str
    held: int
    charged: int
    parts: list[Part]
    returned: list[Part]

    def postings(self) -> Postings:
        return Postings(self.held - self.charged, -self.held, 0, self.charged, f"revenue:{self.kind}")


class HoldReleased(Fact):
    """The whole hold went back to its grants (`parts`)."""

    TOPIC = "credits.hold_released"
    generation_id: UUID
    kind: str
    amount: int
    parts: list[Part]

    def postings(self) -> Postings:
        return Postings(self.amount, -self.amount, 0, 0, "")


class GrantExpired(Fact):
    """`amount` free credits of the grant lapsed: at its expiry, whenever it was recorded.

    What was held then lapses when its hold ends, as a fact of its own.
    """

    TOPIC = "credits.grant_expired"
    grant_id: UUID
    amount: int

    def postings(self) -> Postings:
        return Postings(-self.amount, 0, 0, self.amount, "breakage")


class GrantRevoked(Fact):
    """`amount` free credits of a grant were taken back. `cause`: operator, payment_disputed, payment_refunded.

    `deferred`: they were held when the grant was revoked, and are taken now that their hold has ended.
    """

    TOPIC = "credits.grant_revoked"
    grant_id: UUID
    source: str
    amount: int
    cause: str
    deferred: bool = False
    reason: str | None = None

    def postings(self) -> Postings:
        return Postings(-self.amount, 0, 0, self.amount, issuing_book(self.source))


class RevocationDeferred(Fact):
    """`amount` credits of the grant are held: they are taken when their holds end, or owed if they are spent by then."""

    TOPIC = "credits.revocation_deferred"
    grant_id: UUID
    amount: int
    cause: str
    reason: str | None = None


class DebtIncurred(Fact):
    """What should be taken back was spent already, so it is owed. `grant_id` is None for an adjustment.

    `deferred`: it was held when the grant was revoked, and was spent since.
    """

    TOPIC = "credits.debt_incurred"
    source: str
    amount: int
    cause: str
    grant_id: UUID | None = None
    deferred: bool = False
    reason: str | None = None

    def postings(self) -> Postings:
        return Postings(0, 0, -self.amount, self.amount, issuing_book(self.source))


class DebtCleared(Fact):
    """`amount` free credits, out of grants in burn order (`parts`), pay what is owed."""

    TOPIC = "credits.debt_cleared"
    amount: int
    parts: list[Part]

    def postings(self) -> Postings:
        return Postings(-self.amount, 0, self.amount, 0, "")


class CreditsAdjusted(Fact):
    """`amount` free credits were taken for a correction, out of grants in burn order. One that gives is a grant."""

    TOPIC = "credits.adjusted"
    adjustment_id: UUID
    amount: int
    parts: list[Part]
    reason: str

    def postings(self) -> Postings:
        return Postings(-self.amount, 0, 0, self.amount, ADJUSTMENTS)


class CreditsSuspended(Fact):
    """No new hold is accepted until CreditsResumed."""

    TOPIC = "credits.suspended"
    reason: str


class CreditsResumed(Fact):
    TOPIC = "credits.resumed"
    reason: str
