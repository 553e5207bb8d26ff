"""Ledger entries: an account's history, one row a ledger fact, with running balances."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec
from psycopg import AsyncConnection

from domain.credits import events
from projections.kernel.facts import Event
from projections.kernel.model import Place, Write, read_model
from projections.kernel.pages import both_ways, page

DDL = """
CREATE TABLE read.ledger_entries_v2 (
    position          bigint      PRIMARY KEY,
    account_id        uuid        NOT NULL,
    type              text        NOT NULL,
    amount            bigint      NOT NULL,
    available_after   bigint      NOT NULL,
    held_after        bigint      NOT NULL,
    owed_after        bigint      NOT NULL,
    generation_id     uuid,
    order_id          uuid,
    charge_id         uuid,
    refunds_charge_id uuid,
    grants            jsonb       NOT NULL,
    source            text,
    reason            text,
    sealed_memo       text,
    expires_at        timestamptz,
    recorded_at       timestamptz NOT NULL,
    effective_at      timestamptz NOT NULL
);
-- An account's history, and its latest entry, from which the next one counts on.
CREATE INDEX ON read.ledger_entries_v2 (account_id, position);
"""
# The running balances of the accounts in the batch.
HEADS = """
    SELECT a.id AS account_id, e.available_after AS available, e.held_after AS held, e.owed_after AS owed
    FROM unnest(%(ids)s::uuid[]) a (id) CROSS JOIN LATERAL (
        SELECT available_after, held_after, owed_after FROM read.ledger_entries_v2 e
        WHERE e.account_id = a.id ORDER BY e.position DESC LIMIT 1
    ) e
"""
# Entries are only ever added.
INSERT = "INSERT INTO read.ledger_entries_v2 SELECT * FROM json_populate_recordset(NULL::read.ledger_entries_v2, %(rows)s::json)"
# Newest first, by position.
_PAGE = """
    SELECT * FROM read.ledger_entries_v2
    WHERE position {beyond} %(after_position)s
      AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
      AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s))
      AND (%(generation_id)s::uuid IS NULL OR generation_id = %(generation_id)s)
      AND (%(created_from)s::timestamptz IS NULL OR recorded_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR recorded_at < %(created_to)s)
    ORDER BY position {direction} LIMIT %(limit)s
"""
PAGES = both_ways(_PAGE)


class EntryPart(msgspec.Struct, kw_only=True):
    """How much of an entry belongs to which grant."""

    id: UUID
    amount: int


class LedgerEntryRow(msgspec.Struct, kw_only=True):
    """`type`: adjustment, capture, debt, debt_payment, expiry, grant, hold, refund, release, revocation.

    `amount` is positive: what was granted, held, charged, freed, what lapsed, was taken back, became owed or was paid of that.
    `charge_id` stands on a capture, `refunds_charge_id` on a refund. `grants` is [{id, amount}]. `sealed_memo` is
    ciphertext. `effective_at` is the fact's own time, `recorded_at` when the log took it.
    """

    position: int
    account_id: UUID
    type: str
    amount: int
    available_after: int
    held_after: int
    owed_after: int
    generation_id: UUID | None = None
    order_id: UUID | None = None
    charge_id: UUID | None = None
    refunds_charge_id: UUID | None = None
    grants: list[EntryPart]
    source: str | None = None
    reason: str | None = None
    sealed_memo: str | None = None
    expires_at: datetime | None = None
    recorded_at: datetime
    effective_at: datetime

    @property
    def id(self) -> UUID:
        """The entry's public id; it follows from account and position."""
        return uuid5(self.account_id, str(self.position))


class Running(msgspec.Struct, kw_only=True):
    """An account's balances after its latest entry."""

    account_id: UUID
    available: int = 0
    held: int = 0
    owed: int = 0


async def page_of_ledger_entries(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID | None,
    types: Sequence[str] = (),
    generation_id: UUID | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[LedgerEntryRow]:
    """Entries by position (`created_*` compare `recorded_at`). `after_position` is the `position` of the last row seen."""
    filters = {
        "account_id": account_id,
        "types": types,
        "generation_id": generation_id,
        "created_from": created_from,
        "created_to": created_to,
    }
    rows = await page(conn, PAGES, filters, LedgerEntryRow, order=order, limit=limit, after_position=after_position)
    for row in rows:
        row.grants = msgspec.convert(row.grants, list[EntryPart])
    return rows


class Present:
    """Running balances of the accounts in the batch, and the entries it adds."""

    def __init__(self, running: Sequence[Running]) -> None:
        self.running = {account.account_id: account for account in running}
        self.entries: list[LedgerEntryRow] = []

    def add(
        self, event: Event, type: str, amount: int, parts: Sequence[Any], *, available: int, held: int = 0, owed: int = 0, **values: Any
    ) -> None:
        """One entry, which changes the running balances by *available*, *held* and *owed*."""
        account_id = event.account_id
        assert account_id is not None, "a ledger fact belongs to an account"
        running = self.running.get(account_id)
        if running is None:
            running = self.running[account_id] = Running(account_id=account_id)
        running.available += available
        running.held += held
        running.owed += owed
        self.entries.append(
            LedgerEntryRow(
                position=event.position,
                account_id=account_id,
                type=type,
                amount=amount,
                available_after=running.available,
                held_after=running.held,
                owed_after=running.owed,
                grants=[EntryPart(id=grant_id, amount=size) for grant_id, size in parts],
                recorded_at=event.recorded_at,
                effective_at=event.fact.timestamp,
                **values,
            )
        )


async def load(place: Place, events_: Sequence[Event]) -> Present:
    ids = list({event.account_id for event in events_})
    return Present(await place.fetch(HEADS, {"ids": ids}, Running))


def writes(present: Present) -> Sequence[Write]:
    return (Write(INSERT, present.entries),)


def _granted(present: Present, event: Event) -> None:
    fact = event.fact
    present.add(
        event,
        "refund" if fact.source == "refund" else "grant",
        fact.amount,
        [(fact.grant_id, fact.amount)],
        available=fact.amount,
        order_id=fact.order_id,
        refunds_charge_id=fact.charge_id,
        source=fact.source,
        reason=fact.reason,
        sealed_memo=fact.sealed_memo,
        expires_at=fact.expires_at,
    )


def _held(present: Present, event: Event) -> None:
    fact = event.fact
    present.add(event, "hold", fact.amount, fact.parts, available=-fact.amount, held=fact.amount, generation_id=fact.generation_id)


def _captured(present: Present, event: Event) -> None:
    fact = event.fact
    ids = {"generation_id": fact.generation_id, "charge_id": fact.generation_id}
    present.add(event, "capture", fact.charged, fact.parts, available=fact.held - fact.charged, held=-fact.held, **ids)


def _released(present: Present, event: Event) -> None:
    fact = event.fact
    present.add(event, "release", fact.amount, fact.parts, available=fact.amount, held=-fact.amount, generation_id=fact.generation_id)


def _expired(present: Present, event: Event) -> None:
    fact = event.fact
    present.add(event, "expiry", fact.amount, [(fact.grant_id, fact.amount)], available=-fact.amount)


def _revoked(present: Present, event: Event) -> None:
    fact = event.fact
    parts = [(fact.grant_id, fact.amount)]
    present.add(event, "revocation", fact.amount, parts, available=-fact.amount, source=fact.source, reason=fact.reason)


def _adjusted(present: Present, event: Event) -> None:
    fact = event.fact
    present.add(event, "adjustment", fact.amount, fact.parts, available=-fact.amount, reason=fact.reason)


def _debt_incurred(present: Present, event: Event) -> None:
    fact = event.fact
    parts = [] if fact.grant_id is None else [(fact.grant_id, fact.amount)]
    present.add(event, "debt", fact.amount, parts, available=0, owed=-fact.amount, source=fact.source, reason=fact.reason)


def _debt_cleared(present: Present, event: Event) -> None:
    fact = event.fact
    present.add(event, "debt_payment", fact.amount, fact.parts, available=-fact.amount, owed=fact.amount)


MODEL = read_model(
    name="ledger_entries",
    version=2,
    ddl=DDL,
    facts={
        events.CreditsAdjusted: _adjusted,
        events.CreditsGranted: _granted,
        events.CreditsHeld: _held,
        events.DebtCleared: _debt_cleared,
        events.DebtIncurred: _debt_incurred,
        events.GrantExpired: _expired,
        events.GrantRevoked: _revoked,
        events.HoldCaptured: _captured,
        events.HoldReleased: _released,
    },
    load=load,
    writes=writes,
)
