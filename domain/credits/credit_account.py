"""The payer's side of the ledger: live grants and open holds, nothing closed, so it stays small for ever.

Invariant: available = sum of `free`, held = sum of `held` over the live grants = sum of the open holds; none is negative.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.credits import events, refusals
from domain.credits.events import Part
from domain.kernel.commands import Streams
from domain.kernel.facts import Root, when
from domain.kernel.ids import credit_stream
from domain.kernel.limits import CREDITS_MAX

FREE_TIER_SOURCE = "welcome"


class CreditAccount(Root):
    """Stream id: `credit_stream(account_id)`. `grants` is kept in burn order: priority, expiry, creation, id."""

    TOPIC = "credits.account"

    def __init__(self) -> None:
        self.account_id: UUID | None = None
        self.suspended = False
        self.granted_count = 0
        self.grants: dict[str, dict[str, Any]] = {}
        self.holds: dict[str, dict[str, Any]] = {}

    @classmethod
    def open(cls, account_id: UUID, *, now: datetime) -> "CreditAccount":
        account: CreditAccount = cls._create(events.CreditAccountOpened, id=credit_stream(account_id), timestamp=now, account_id=account_id)
        return account

    @classmethod
    def among(cls, streams: Streams, account_id: UUID) -> "CreditAccount":
        """The account's ledger out of *streams*.   Raises CreditAccountNotFound."""
        found = streams.get(cls, credit_stream(account_id))
        if found is None:
            raise refusals.CreditAccountNotFound()
        return found

    def available(self, now: datetime, *, free_tier: bool = True) -> int:
        """Credits that can be held at *now*; without *free_tier* welcome credits do not count."""
        return sum(grant["free"] for grant in self.grants.values() if _spendable(grant, now, free_tier))

    def grant(
        self,
        grant_id: UUID,
        *,
        source: str,
        amount: int,
        priority: int,
        expires_at: datetime | None,
        now: datetime,
        reason: str | None = None,
        charge_id: UUID | None = None,
        refund_id: UUID | None = None,
    ) -> None:
        if not 1 <= amount <= CREDITS_MAX:
            raise refusals.GrantAmountInvalid(limit=CREDITS_MAX, errors=[("/amount", f"must be from 1 to {CREDITS_MAX}")])
        self.expire_due(now=now)
        self.record(
            events.CreditsGranted,
            now=now,
            grant_id=grant_id,
            source=source,
            amount=amount,
            priority=priority,
            expires_at=expires_at,
            reason=reason,
            charge_id=charge_id,
            refund_id=refund_id,
        )

    def hold(self, generation_id: UUID, *, amount: int, kind: str, free_tier: bool, now: datetime) -> None:
        """Reserve *amount* credits in burn order until the generation ends. An amount of 0 makes no fact."""
        if self.suspended:
            raise refusals.CreditsAreSuspended()
        if str(generation_id) in self.holds:
            raise refusals.HoldExists()
        spendable = [(key, grant["free"]) for key, grant in self.grants.items() if _spendable(grant, now, free_tier)]
        available = sum(free for _, free in spendable)
        if available < amount:
            raise refusals.InsufficientCredits(required=amount, available=available, missing=amount - available)
        if amount == 0:
            return
        # From here on nothing is refused.
        self.expire_due(now=now)
        self.record(events.CreditsHeld, now=now, generation_id=generation_id, kind=kind, amount=amount, parts=_first(spendable, amount))

    def capture(self, generation_id: UUID, *, charged: int, now: datetime) -> list[Part]:
        """End the hold: *charged* of it (capped at the hold) is earned, the rest returns to its grants.

        Returns which grant paid how much.   Raises HoldMissing.
        """
        hold = self._open_hold(generation_id)
        charged = min(charged, hold["amount"])
        if charged == 0:
            self.release(generation_id, now=now)
            return []
        parts = _first(hold["parts"], charged)
        self.record(
            events.HoldCaptured,
            now=now,
            generation_id=generation_id,
            kind=hold["kind"],
            held=hold["amount"],
            charged=charged,
            parts=parts,
            returned=_without(hold["parts"], parts),
        )
        self.expire_due(now=now)
        return parts

    def release(self, generation_id: UUID, *, now: datetime) -> None:
        """End the hold in full; what belongs to grants that expired meanwhile lapses at once.   Raises HoldMissing."""
        hold = self._open_hold(generation_id)
        self.record(
            events.HoldReleased,
            now=now,
            generation_id=generation_id,
            kind=hold["kind"],
            amount=hold["amount"],
            parts=_without(hold["parts"], []),
        )
        self.expire_due(now=now)

    def expire_due(self, *, now: datetime) -> None:
        """Record the expiry of every grant that is due and has free credits."""
        due = [key for key, grant in self.grants.items() if grant["free"] and not _alive(grant, now)]
        for key in due:
            self.record(events.GrantExpired, now=now, grant_id=UUID(key), amount=self.grants[key]["free"])

    def expiry_of(self, grant_id: UUID) -> datetime | None:
        grant = self.grants.get(str(grant_id))
        return grant["expires_at"] if grant else None

    def suspend(self, *, reason: str, now: datetime) -> None:
        if not self.suspended:
            self.record(events.CreditsSuspended, now=now, reason=reason)

    def resume(self, *, reason: str, now: datetime) -> None:
        if self.suspended:
            self.record(events.CreditsResumed, now=now, reason=reason)

    def _open_hold(self, generation_id: UUID) -> dict[str, Any]:
        hold = self.holds.get(str(generation_id))
        if hold is None:
            raise refusals.HoldMissing(generation_id=str(generation_id))
        return hold

    @when(events.CreditAccountOpened)
    def _opened(self, fact: events.CreditAccountOpened) -> None:
        self.account_id = fact.account_id

    @when(events.CreditsGranted)
    def _granted(self, fact: events.CreditsGranted) -> None:
        self.granted_count += 1
        self.grants[str(fact.grant_id)] = {
            "free": fact.amount,
            "held": 0,
            "source": fact.source,
            "priority": fact.priority,
            "expires_at": fact.expires_at,
            "created": self.granted_count,
        }
        self.grants = dict(sorted(self.grants.items(), key=_burn_order))

    @when(events.CreditsHeld)
    def _held(self, fact: events.CreditsHeld) -> None:
        self.holds[str(fact.generation_id)] = {
            "amount": fact.amount,
            "kind": fact.kind,
            "parts": [[str(grant_id), amount] for grant_id, amount in fact.parts],
        }
        for grant_id, amount in fact.parts:
            grant = self.grants[str(grant_id)]
            grant["free"] -= amount
            grant["held"] += amount

    @when(events.HoldCaptured)
    def _captured(self, fact: events.HoldCaptured) -> None:
        self._end_hold(fact.generation_id, {str(grant_id): amount for grant_id, amount in fact.parts})

    @when(events.HoldReleased)
    def _released(self, fact: events.HoldReleased) -> None:
        self._end_hold(fact.generation_id, {})

    @when(events.GrantExpired)
    def _expired(self, fact: events.GrantExpired) -> None:
        self.grants[str(fact.grant_id)]["free"] -= fact.amount
        self._forget_if_spent(str(fact.grant_id))

    @when(events.CreditsSuspended)
    def _suspended(self, fact: events.CreditsSuspended) -> None:
        self.suspended = True

    @when(events.CreditsResumed)
    def _resumed(self, fact: events.CreditsResumed) -> None:
        self.suspended = False

    def _end_hold(self, generation_id: UUID, spent: dict[str, int]) -> None:
        hold = self.holds.pop(str(generation_id))
        for key, amount in hold["parts"]:
            grant = self.grants[key]
            grant["held"] -= amount
            grant["free"] += amount - spent.get(key, 0)
            self._forget_if_spent(key)

    def _forget_if_spent(self, key: str) -> None:
        grant = self.grants[key]
        if grant["free"] == 0 and grant["held"] == 0:
            del self.grants[key]


def _alive(grant: dict[str, Any], now: datetime) -> bool:
    return grant["expires_at"] is None or grant["expires_at"] > now


def _spendable(grant: dict[str, Any], now: datetime, free_tier: bool) -> bool:
    return grant["free"] > 0 and _alive(grant, now) and (free_tier or grant["source"] != FREE_TIER_SOURCE)


def _burn_order(item: tuple[str, dict[str, Any]]) -> tuple[Any, ...]:
    key, grant = item
    expires_at = grant["expires_at"]
    return grant["priority"], expires_at is None, expires_at.timestamp() if expires_at else 0, grant["created"], key


def _first(parts: list[Any], amount: int) -> list[Part]:
    """The first *amount* credits out of *parts*, in their order."""
    taken: list[Part] = []
    for key, size in parts:
        if amount == 0:
            break
        taken.append(Part(UUID(key), min(size, amount)))
        amount -= taken[-1].amount
    return taken


def _without(parts: list[Any], spent: list[Part]) -> list[Part]:
    """What is left of a hold's *parts* when *spent* is taken out of them."""
    taken = {str(part.grant_id): part.amount for part in spent}
    return [Part(UUID(key), amount - taken.get(key, 0)) for key, amount in parts if amount > taken.get(key, 0)]
