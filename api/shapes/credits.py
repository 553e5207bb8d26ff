"""Balances and ledger entries as the account's owner sees them."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.kit.shapes import Count, Id, ListQuery, Moment, Query, Shown, When, moment
from domain.kernel.limits import INTEGER_MAX
from domain.kernel.sealed_text import opened_text
from domain.ports import SubjectKey
from projections.credits.balance_rows import BalanceRow
from projections.credits.ledger_entries import LedgerEntryRow

EntryType = Literal["adjustment", "capture", "debt", "debt_payment", "expiry", "grant", "hold", "refund", "release", "revocation"]


class Expiring(Shown):
    """So many free credits lapse then."""

    amount: Count
    expires_at: Moment


class Lifetime(Shown):
    """`granted` leaves out refunds, `spent` is before refunds, `revoked` was taken back or corrected away.

    available + held + owed = granted + refunded - spent - expired - revoked.
    """

    granted: Count
    spent: Count
    refunded: Count
    expired: Count
    revoked: Count


class Balance(Shown):
    """Whole credits. `owed` is 0 or negative: credits that were taken back after they were spent.

    `position`: the account's last ledger fact that is counted here.
    """

    available: Count
    held: Count
    owed: int
    expiring: list[Expiring]
    lifetime: Lifetime
    position: Count


class BalanceQuery(Query):
    """At most one of the three. `as_of`: as the log stood then. `as_of_effective`: what counted then."""

    as_of_position: Annotated[int, Meta(ge=1, le=INTEGER_MAX)] | None = None
    as_of: When | None = None
    as_of_effective: When | None = None


class GrantPart(Shown):
    id: Id
    amount: Count


class LedgerEntry(Shown):
    """One fact of the book. `amount` is what it moved, never negative; `type` says where to. Balances are those after it."""

    id: Id
    position: Count
    type: EntryType
    amount: Count
    available_after: int
    held_after: int
    owed_after: int
    generation_id: Id | None
    order_id: Id | None
    charge_id: Id | None
    refunds_charge_id: Id | None
    grants: list[GrantPart]
    recorded_at: Moment
    effective_at: Moment
    memo: str | None


class HistoryQuery(ListQuery):
    """`created_from` and `created_to` compare the recorded time."""

    type: list[EntryType] = []


def shown_balance(row: BalanceRow) -> Balance:
    due: dict[str, int] = {}
    for grant in row.grants:
        if grant.free and (expires_at := moment(grant.expires_at)) is not None:
            due[expires_at] = due.get(expires_at, 0) + grant.free
    return Balance(
        available=row.available,
        held=row.held,
        owed=row.owed,
        expiring=[Expiring(amount=amount, expires_at=expires_at) for expires_at, amount in sorted(due.items())],
        lifetime=Lifetime(granted=row.granted, spent=row.spent, refunded=row.refunded, expired=row.expired, revoked=row.revoked),
        position=row.position,
    )


def shown_entry(key: SubjectKey, row: LedgerEntryRow) -> LedgerEntry:
    """An operator's grant or refund says its reason as the memo."""
    return LedgerEntry(
        id=str(row.id),
        position=row.position,
        type=row.type,  # type: ignore[arg-type]
        amount=row.amount,
        available_after=row.available_after,
        held_after=row.held_after,
        owed_after=row.owed_after,
        generation_id=_id(row.generation_id),
        order_id=_id(row.order_id),
        charge_id=_id(row.charge_id),
        refunds_charge_id=_id(row.refunds_charge_id),
        grants=[GrantPart(id=str(part.id), amount=part.amount) for part in row.grants],
        recorded_at=moment(row.recorded_at),
        effective_at=moment(row.effective_at),
        memo=_memo(key, row.reason if row.sealed_memo is None else row.sealed_memo),
    )


def _memo(key: SubjectKey, text: str | None) -> str | None:
    return None if text is None else opened_text(key, text)


def _id(found: UUID | None) -> str | None:
    return None if found is None else str(found)
