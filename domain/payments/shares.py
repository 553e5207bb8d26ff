"""What was granted for one payment, and which part of it must be taken back.

A payment is plain values, so that an aggregate can hold it: {amount, currency, livemode, credits, payment, grants: [{grant_id,
granted, revoked, expires_at}], reversals: {id: {kind, total, undone}}}. The first grant is the payment's own; those after it
gave back what a reversal that was undone had taken.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid5

#: What is given back lasts as long as what was bought, but not less than this.
GIVEN_BACK_VALID = timedelta(days=30)
#: As the ledger names why it takes credits back.
CAUSES = {"dispute": "payment_disputed", "refund": "payment_refunded"}

Paid = dict[str, Any]


class Taken(NamedTuple):
    """How many credits of which grant were taken back."""

    grant_id: UUID
    amount: int


class Book(Protocol):
    """The payer's ledger, as far as payments move it."""

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
        order_id: UUID | None = None,
    ) -> None: ...

    def revoke(
        self, grant_id: UUID, *, source: str, granted: int, expired: int, amount: int, cause: str, reason: str | None, now: datetime
    ) -> None: ...

    def expire_due(self, *, now: datetime) -> Mapping[str, int]: ...


def standing(amount: int, reversals: Mapping[str, Any]) -> int:
    """So much of *amount* is reversed now."""
    return min(amount, sum(each["total"] for each in reversals.values() if not each["undone"]))


def to_take(paid: Paid) -> int:
    """So many credits are still to be taken back; negative when some are to be given back.

    The buyer loses the same share of the credits as of the price, rounded down; all of them with all of the price.
    """
    share: int = paid["credits"] * standing(paid["amount"], paid["reversals"]) // paid["amount"]
    return share - (paid["credits"] - sum(grant["granted"] - grant["revoked"] for grant in paid["grants"]))


def says_new(paid: Paid, reversal: str, total: int) -> bool:
    """Has *reversal* taken more than was known, and does it stand?"""
    known = paid["reversals"].get(reversal)
    return known is None or (not known["undone"] and total > known["total"])


def is_undone(paid: Paid, reversal: str) -> bool:
    return bool(paid["reversals"].get(reversal, {}).get("undone"))


def with_reversal(paid: Paid, reversal: str, *, kind: str, total: int) -> Paid:
    """*paid* as it will be once this is recorded."""
    return {**paid, "reversals": {**paid["reversals"], reversal: {"kind": kind, "total": total, "undone": False}}}


def without_reversal(paid: Paid, reversal: str) -> Paid:
    """*paid* as it will be once *reversal* is undone."""
    return {**paid, "reversals": {key: each for key, each in paid["reversals"].items() if key != reversal}}


def grant_of(grant_id: UUID, credits: int, expires_at: datetime | None, *, revoked: int = 0) -> dict[str, Any]:
    return {"grant_id": str(grant_id), "granted": credits, "revoked": revoked, "expires_at": expires_at}


def note_reversal(paid: Paid, fact: Any) -> None:
    """Fold a fact {reversal, kind, total, taken} into *paid*."""
    paid["reversals"][fact.reversal] = {"kind": fact.kind, "total": fact.total, "undone": False}
    grants = {grant["grant_id"]: grant for grant in paid["grants"]}
    for grant_id, amount in fact.taken:
        grants[str(grant_id)]["revoked"] += amount


def note_undone(paid: Paid, fact: Any) -> None:
    """Fold a fact {reversal, credits, grant_id, expires_at} into *paid*."""
    known = paid["reversals"].get(fact.reversal, {"kind": "", "total": 0})
    paid["reversals"][fact.reversal] = {**known, "undone": True}
    if fact.grant_id is not None:
        paid["grants"].append(grant_of(fact.grant_id, fact.credits, fact.expires_at))


def take_back(book: Book, paid: Paid, *, kind: str, source: str, expired: Mapping[str, int], now: datetime) -> list[Taken]:
    """Take what is to be taken: the youngest grant first, and never what has lapsed. *expired*: grant -> credits lapsed so far."""
    lapses = book.expire_due(now=now)
    wanted, taken = to_take(paid), []
    for grant in reversed(paid["grants"]):
        key, cause = grant["grant_id"], CAUSES[kind]
        gone = 0 if grant["expires_at"] > now else expired.get(key, 0) + lapses.get(key, 0)
        amount = min(wanted, grant["granted"] - grant["revoked"] - gone)
        if amount > 0:
            grant_id = UUID(key)
            book.revoke(grant_id, granted=grant["granted"], expired=gone, amount=amount, source=source, cause=cause, reason=None, now=now)
            taken.append(Taken(grant_id, amount))
            wanted -= amount
    return taken


def give_back(book: Book, paid: Paid, reversal: str, *, stream: UUID, source: str, now: datetime) -> int:
    """Grant what *reversal* took and nothing else still takes. Returns how much; the grant's id is `given_back`."""
    missing = -to_take(without_reversal(paid, reversal)) if paid["grants"] else 0
    if missing < 1:
        return 0
    book.grant(
        given_back(stream, reversal),
        source=source,
        amount=missing,
        priority=0,
        expires_at=valid_until(paid["grants"], now),
        order_id=stream,
        now=now,
    )
    return missing


def given_back(stream: UUID, reversal: str) -> UUID:
    """The id of the grant that gives back what *reversal* took: one for each, however often it is heard."""
    return uuid5(stream, f"undone:{reversal}")


def valid_until(grants: Sequence[Mapping[str, Any]], now: datetime) -> datetime:
    """How long credits last that are given back at *now*."""
    expires_at: datetime = grants[0]["expires_at"]
    return max(expires_at, now + GIVEN_BACK_VALID)
