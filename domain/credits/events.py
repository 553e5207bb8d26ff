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


class CreditsGranted(Fact):
    """`source`: welcome, operator, purchase, subscription, goodwill, refund, test. Lower `priority` burns first.

    A refund is a grant that names the charge it gives back (`charge_id`) and its own id (`refund_id`).
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

    def postings(self) -> Postings:
        return Postings(self.amount, 0, 0, -self.amount, f"issued:{self.source}")


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
    """`amount` free credits of the grant lapsed. What was held then lapses when its hold ends, as a fact of its own."""

    TOPIC = "credits.grant_expired"
    grant_id: UUID
    amount: int

    def postings(self) -> Postings:
        return Postings(-self.amount, 0, 0, self.amount, "breakage")


class CreditsSuspended(Fact):
    """No new hold is accepted until CreditsResumed."""

    TOPIC = "credits.suspended"
    reason: str


class CreditsResumed(Fact):
    TOPIC = "credits.resumed"
    reason: str
