"""The payer's side of the ledger: live grants and open holds, nothing closed, so it stays small for ever.

Invariant: available = sum of `free`, held = sum of `held` over the live grants = sum of the open holds; none is negative.
`owed` is never positive, and while it is negative nothing is free: whatever becomes free pays it first.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.credits import events, refusals
from domain.credits.burning import alive, burn_order, first, id_of, spendable, without
from domain.credits.events import Part
from domain.kernel.commands import Streams
from domain.kernel.facts import Root, when
from domain.kernel.ids import credit_stream, text_of
from domain.kernel.limits import CREDITS_MAX, EFFECTIVE_DAYS_MAX, OPEN_GENERATIONS_MAX

#: For `CreditAccount.beside`.
_ENDS = f"{events.HoldCaptured.TOPIC} {events.HoldReleased.TOPIC}"
_HOLDS_AND_ENDS = f"{events.CreditsHeld.TOPIC} {_ENDS}"


class CreditAccount(Root):
    """Stream id: `credit_stream(account_id)`. `grants` is kept in burn order: priority, expiry, creation, id.

    A grant's `revoking` is the part of what it holds that is to be taken back when the holds end.
    """

    TOPIC = "credits.account"
    #: A hold is opened and ended, and nothing in between.
    SHARED = frozenset({"holds"})
    #: Version 2 knows debt and revocations.
    class_version = 2

    def __init__(self) -> None:
        self.account_id: UUID | None = None
        self.suspended = False
        self.owed = 0
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
        return sum(grant["free"] for grant in self.grants.values() if spendable(grant, now, free_tier))

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
        order_id: UUID | None = None,
        effective_at: datetime | None = None,
    ) -> None:
        """Give *amount* credits that count from *effective_at* (None: now). What is owed is paid out of them at once."""
        if not 1 <= amount <= CREDITS_MAX:
            raise refusals.GrantAmountInvalid(limit=CREDITS_MAX, errors=[("/amount", f"must be from 1 to {CREDITS_MAX}")])
        if str(grant_id) in self.grants:
            raise refusals.GrantExists(grant_id=str(grant_id))
        if effective_at is not None and not max(now - timedelta(days=EFFECTIVE_DAYS_MAX), self.created_on) <= effective_at <= now:
            raise refusals.EffectiveTimeRefused(days=EFFECTIVE_DAYS_MAX, errors=[("/effective_at", "is too long ago, or in the future")])
        self.expire_due(now=now)
        self.record(
            events.CreditsGranted,
            now=effective_at or now,
            grant_id=grant_id,
            source=source,
            amount=amount,
            priority=priority,
            expires_at=expires_at,
            reason=reason,
            charge_id=charge_id,
            refund_id=refund_id,
            order_id=order_id,
        )
        self._clear_debt(now)

    def adjust(self, adjustment_id: UUID, *, amount: int, reason: str, now: datetime) -> None:
        """Correct by *amount*: above 0 it is a grant, below 0 free credits go in burn order, and what is missing is owed."""
        if amount == 0 or abs(amount) > CREDITS_MAX:
            raise refusals.AdjustmentInvalid(limit=CREDITS_MAX, errors=[("/amount", "must not be 0, nor beyond the limit")])
        if amount > 0:
            source = events.ADJUSTMENT_SOURCE
            self.grant(adjustment_id, source=source, amount=amount, priority=0, expires_at=None, reason=reason, now=now)
            return
        self.expire_due(now=now)
        parts = first(self._free(now), -amount)
        taken = sum(part.amount for part in parts)
        if taken:
            self.record(events.CreditsAdjusted, now=now, adjustment_id=adjustment_id, amount=taken, parts=parts, reason=reason)
        if taken < -amount:
            self._owe(-amount - taken, source=events.ADJUSTMENT_SOURCE, cause="operator", reason=reason, now=now)

    def revoke(
        self, grant_id: UUID, *, source: str, granted: int, expired: int, amount: int, cause: str, reason: str | None, now: datetime
    ) -> None:
        """Take *amount* credits of a grant back: what is free of it now, what is held when the holds end; the rest is owed.

        Of a grant that is closed the account knows nothing any more, so the caller says where it came from, how much it was and how
        much of it had expired; no more is taken than was not.
        """
        lapsed = self.expire_due(now=now).get(str(grant_id), 0)
        left = min(amount, granted - expired - lapsed)
        grant = self.grants.get(str(grant_id), {"free": 0, "held": 0, "revoking": 0})
        free = min(left, grant["free"])
        held = min(left - free, grant["held"] - grant["revoking"])
        if free > 0:
            self.record(events.GrantRevoked, now=now, grant_id=grant_id, source=source, amount=free, cause=cause, reason=reason)
        if held > 0:
            self.record(events.RevocationDeferred, now=now, grant_id=grant_id, amount=held, cause=cause, reason=reason)
        if left > free + held:
            self._owe(left - free - held, source=source, cause=cause, reason=reason, grant_id=grant_id, now=now)
        self._clear_debt(now)

    def revoke_rest(self, grant_id: UUID, *, reason: str, now: datetime) -> None:
        """Take back all that is left of a grant.   Raises GrantNotLive, GrantWasPaid."""
        grant = self.grants.get(str(grant_id))
        if grant is not None and grant["source"] in events.PAID_SOURCES:
            # Its payment says what goes back, and knows nothing of what an operator took before.
            raise refusals.GrantWasPaid(grant_id=str(grant_id))
        left = 0 if grant is None else (grant["free"] if alive(grant, now) else 0) + grant["held"] - grant["revoking"]
        if grant is None or left == 0:
            raise refusals.GrantNotLive(grant_id=str(grant_id))
        granted = grant["free"] + grant["held"]
        self.revoke(grant_id, source=grant["source"], granted=granted, expired=0, amount=left, cause="operator", reason=reason, now=now)

    def hold(self, generation_id: UUID, *, amount: int, kind: str, free_tier: bool, now: datetime) -> None:
        """Reserve *amount* credits in burn order until the generation ends. An amount of 0 makes no fact."""
        if self.suspended:
            raise refusals.CreditsAreSuspended()
        if self.owed:
            raise refusals.DebtOutstanding(owed=-self.owed)
        if text_of(generation_id) in self.holds:
            raise refusals.HoldExists()
        if len(self.holds) >= OPEN_GENERATIONS_MAX:
            raise refusals.TooManyOpenGenerations(limit=OPEN_GENERATIONS_MAX)
        usable = [(key, grant["free"]) for key, grant in self.grants.items() if spendable(grant, now, free_tier)]
        available = sum(free for _, free in usable)
        if available < amount:
            raise refusals.InsufficientCredits(required=amount, available=available, missing=amount - available)
        if amount == 0:
            return
        # From here on nothing is refused.
        self.expire_due(now=now)
        self.record(events.CreditsHeld, now=now, generation_id=generation_id, kind=kind, amount=amount, parts=first(usable, amount))

    def capture(self, generation_id: UUID, *, charged: int, now: datetime) -> list[Part]:
        """End the hold: *charged* of it (capped at the hold) is earned, the rest returns to its grants.

        Returns which grant paid how much.   Raises HoldMissing.
        """
        hold = self._open_hold(generation_id)
        charged = min(charged, hold["amount"])
        if charged == 0:
            self.release(generation_id, now=now)
            return []
        parts = first(hold["parts"], charged)
        # What was free when its grant expired lapsed then; what this hold binds lapses when it ends.
        self.expire_due(now=now)
        self.record(
            events.HoldCaptured,
            now=now,
            generation_id=generation_id,
            kind=hold["kind"],
            held=hold["amount"],
            charged=charged,
            parts=parts,
            returned=without(hold["parts"], parts),
        )
        self._after_hold([key for key, _ in hold["parts"]], now)
        return parts

    def release(self, generation_id: UUID, *, now: datetime) -> None:
        """End the hold in full; what belongs to grants that expired meanwhile lapses at once.   Raises HoldMissing."""
        hold = self._open_hold(generation_id)
        self.expire_due(now=now)
        self.record(
            events.HoldReleased,
            now=now,
            generation_id=generation_id,
            kind=hold["kind"],
            amount=hold["amount"],
            parts=without(hold["parts"], []),
        )
        self._after_hold([key for key, _ in hold["parts"]], now)

    def beside(self) -> dict[int, str]:
        """What others may record meanwhile without a change to what was just decided here; for `Decision.beside`.

        The end of a hold takes nothing from whoever holds next, and how one hold ends is no matter of another, as long as nothing else
        waits for their ends: a revocation, an expiry, a debt. Whatever makes or settles one of those is a fact of another topic.
        """
        recorded = {type(fact) for fact in self.pending_events}
        if recorded <= {events.CreditsHeld}:
            return {self.id.int: _ENDS}
        waits = self.owed or any(grant["revoking"] for grant in self.grants.values())
        if recorded <= {events.HoldCaptured, events.HoldReleased} and not waits:
            return {self.id.int: _HOLDS_AND_ENDS}
        return {}

    def expire_due(self, *, now: datetime) -> dict[str, int]:
        """Record the expiry of every grant that is due and has free credits. Returns how much of which grant lapsed.

        An expiry counts from the moment it was due, however late it is noticed.
        """
        due = {key: grant["free"] for key, grant in self.grants.items() if grant["free"] and not alive(grant, now)}
        for key, free in due.items():
            grant = self.grants[key]
            self.record(events.GrantExpired, now=max(grant["expires_at"], grant["since"]), grant_id=id_of(key), amount=free)
        return due

    def suspend(self, *, reason: str, now: datetime) -> None:
        if not self.suspended:
            self.record(events.CreditsSuspended, now=now, reason=reason)

    def resume(self, *, reason: str, now: datetime) -> None:
        if self.suspended:
            self.record(events.CreditsResumed, now=now, reason=reason)

    def _after_hold(self, keys: list[str], now: datetime) -> None:
        """Do what waited for a hold on these grants to end: revocations first, then expiries, then what is owed."""
        for key in keys:
            grant = self.grants.get(key)
            if grant is None or not (grant["revoking"] or grant["free"]):
                continue
            free = min(grant["free"], grant["revoking"])
            spent = grant["revoking"] - free - grant["held"]
            cause, source = grant["cause"], grant["source"]
            if free:
                self.record(events.GrantRevoked, now=now, grant_id=id_of(key), source=source, amount=free, cause=cause, deferred=True)
            if spent > 0:
                self._owe(spent, source=source, cause=cause, reason=None, grant_id=id_of(key), deferred=True, now=now)
            if grant["free"] and not alive(grant, now):
                self.record(events.GrantExpired, now=now, grant_id=id_of(key), amount=grant["free"])
        self._clear_debt(now)

    def _free(self, now: datetime) -> list[tuple[str, int]]:
        """What is free of which grant, in burn order."""
        return [(key, grant["free"]) for key, grant in self.grants.items() if spendable(grant, now, free_tier=True)]

    def _owe(
        self,
        amount: int,
        *,
        source: str,
        cause: str,
        reason: str | None,
        now: datetime,
        grant_id: UUID | None = None,
        deferred: bool = False,
    ) -> None:
        values = {"source": source, "cause": cause, "reason": reason, "grant_id": grant_id, "deferred": deferred}
        self.record(events.DebtIncurred, now=now, amount=amount, **values)

    def _clear_debt(self, now: datetime) -> None:
        if not self.owed:
            return
        parts = first(self._free(now), -self.owed)
        if parts:
            self.record(events.DebtCleared, now=now, amount=sum(part.amount for part in parts), parts=parts)

    def _open_hold(self, generation_id: UUID) -> dict[str, Any]:
        hold = self.holds.get(text_of(generation_id))
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
            "since": fact.timestamp,
            "created": self.granted_count,
            "revoking": 0,
            "cause": None,
        }
        self.grants = dict(sorted(self.grants.items(), key=burn_order))

    @when(events.CreditsHeld)
    def _held(self, fact: events.CreditsHeld) -> None:
        parts = [(text_of(grant_id), amount) for grant_id, amount in fact.parts]
        self.holds[text_of(fact.generation_id)] = {"amount": fact.amount, "kind": fact.kind, "parts": [list(part) for part in parts]}
        for key, amount in parts:
            grant = self.grants[key]
            grant["free"] -= amount
            grant["held"] += amount

    @when(events.HoldCaptured)
    def _captured(self, fact: events.HoldCaptured) -> None:
        self._end_hold(fact.generation_id, {text_of(grant_id): amount for grant_id, amount in fact.parts})

    @when(events.HoldReleased)
    def _released(self, fact: events.HoldReleased) -> None:
        self._end_hold(fact.generation_id, {})

    @when(events.GrantExpired)
    def _expired(self, fact: events.GrantExpired) -> None:
        self.grants[str(fact.grant_id)]["free"] -= fact.amount
        self._forget_if_spent(str(fact.grant_id))

    @when(events.GrantRevoked)
    def _revoked(self, fact: events.GrantRevoked) -> None:
        key = str(fact.grant_id)
        self.grants[key]["free"] -= fact.amount
        if fact.deferred:
            self.grants[key]["revoking"] -= fact.amount
        self._forget_if_spent(key)

    @when(events.RevocationDeferred)
    def _revocation_deferred(self, fact: events.RevocationDeferred) -> None:
        grant = self.grants[str(fact.grant_id)]
        grant["revoking"] += fact.amount
        grant["cause"] = fact.cause

    @when(events.DebtIncurred)
    def _debt_incurred(self, fact: events.DebtIncurred) -> None:
        self.owed -= fact.amount
        if fact.deferred and str(fact.grant_id) in self.grants:
            self.grants[str(fact.grant_id)]["revoking"] -= fact.amount
            self._forget_if_spent(str(fact.grant_id))

    @when(events.DebtCleared)
    def _debt_cleared(self, fact: events.DebtCleared) -> None:
        self.owed += fact.amount
        self._spend(fact.parts)

    @when(events.CreditsAdjusted)
    def _adjusted(self, fact: events.CreditsAdjusted) -> None:
        self._spend(fact.parts)

    @when(events.CreditsSuspended)
    def _suspended(self, fact: events.CreditsSuspended) -> None:
        self.suspended = True

    @when(events.CreditsResumed)
    def _resumed(self, fact: events.CreditsResumed) -> None:
        self.suspended = False

    def _end_hold(self, generation_id: UUID, spent: dict[str, int]) -> None:
        hold = self.holds.pop(text_of(generation_id))
        for key, amount in hold["parts"]:
            grant = self.grants[key]
            grant["held"] -= amount
            grant["free"] += amount - spent.get(key, 0)
            self._forget_if_spent(key)

    def _spend(self, parts: list[Part]) -> None:
        for grant_id, amount in parts:
            self.grants[str(grant_id)]["free"] -= amount
            self._forget_if_spent(str(grant_id))

    def _forget_if_spent(self, key: str) -> None:
        grant = self.grants[key]
        if grant["free"] == 0 and grant["held"] == 0 and grant["revoking"] == 0:
            del self.grants[key]
