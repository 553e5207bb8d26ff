"""Balances: what each account can spend, what is held, and the live grants it comes from. Only sums of what facts say."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.credits import events
from projections.credits.balance_rows import BalanceRow, GrantRow, burn_order
from projections.kernel.facts import Event
from projections.kernel.model import Place, Write, read_model
from projections.kernel.reader import Reader

__all__ = ["MODEL", "BalanceRow", "GrantRow", "balance_of", "latest_balance_of"]

DDL = """
CREATE TABLE read.balances_v2 (
    account_id uuid   PRIMARY KEY,
    available  bigint NOT NULL,
    held       bigint NOT NULL,
    owed       bigint NOT NULL,
    granted    bigint NOT NULL,
    spent      bigint NOT NULL,
    refunded   bigint NOT NULL,
    expired    bigint NOT NULL,
    revoked    bigint NOT NULL,
    position   bigint NOT NULL
) WITH (fillfactor = 50);
-- Live grants only: a grant goes when nothing of it is free or held.
CREATE TABLE read.balance_grants_v2 (
    id               uuid    PRIMARY KEY,
    account_id       uuid    NOT NULL,
    source           text    NOT NULL,
    priority         integer NOT NULL,
    expires_at       timestamptz,
    free             bigint  NOT NULL,
    held             bigint  NOT NULL,
    created_position bigint  NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX ON read.balance_grants_v2 (account_id);
-- Which accounts have credits that are due to lapse.
CREATE INDEX ON read.balance_grants_v2 (expires_at) WHERE expires_at IS NOT NULL;
"""
# Changes are added to what stands.
ADD = """
    INSERT INTO read.balances_v2 AS b SELECT * FROM json_populate_recordset(NULL::read.balances_v2, %(rows)s::json)
    ON CONFLICT (account_id) DO UPDATE SET
        available = b.available + excluded.available, held = b.held + excluded.held, owed = b.owed + excluded.owed,
        granted = b.granted + excluded.granted, spent = b.spent + excluded.spent, refunded = b.refunded + excluded.refunded,
        expired = b.expired + excluded.expired, revoked = b.revoked + excluded.revoked, position = excluded.position
"""
# A grant from before changes by what is said, and goes when nothing is left; a new one comes whole.
MERGE = """
    MERGE INTO read.balance_grants_v2 g
    USING json_populate_recordset(NULL::read.balance_grants_v2, %(rows)s::json) c ON g.id = c.id
    WHEN MATCHED AND g.free + c.free = 0 AND g.held + c.held = 0 THEN DELETE
    WHEN MATCHED THEN UPDATE SET free = g.free + c.free, held = g.held + c.held
    WHEN NOT MATCHED THEN INSERT (id, account_id, source, priority, expires_at, free, held, created_position)
        VALUES (c.id, c.account_id, c.source, c.priority, c.expires_at, c.free, c.held, c.created_position)
"""
# Row, grants and how far the model has seen, in one snapshot.
ONE = """
    SELECT (SELECT position FROM read.models WHERE name = 'balances' AND version = 2 AND place = 'read'),
           (SELECT row_to_json(b)::text FROM read.balances_v2 b WHERE b.account_id = %(account_id)s),
           (SELECT json_agg(g)::text FROM read.balance_grants_v2 g WHERE g.account_id = %(account_id)s)
"""
# Accounts with free credits whose time has come, oldest first.
DUE = """
    SELECT account_id FROM read.balance_grants_v2 WHERE expires_at <= %(now)s AND free > 0
    GROUP BY account_id ORDER BY min(expires_at) LIMIT %(limit)s
"""


class Sums(msgspec.Struct, kw_only=True):
    """What a batch adds to an account."""

    account_id: UUID
    available: int = 0
    held: int = 0
    owed: int = 0
    granted: int = 0
    spent: int = 0
    refunded: int = 0
    expired: int = 0
    revoked: int = 0
    position: int = 0


class Grant(msgspec.Struct, kw_only=True):
    """What a batch adds to a grant; the other columns are set when it is new."""

    id: UUID
    account_id: UUID | None = None
    source: str | None = None
    priority: int | None = None
    expires_at: Any = None
    free: int = 0
    held: int = 0
    created_position: int | None = None


class Present:
    """Sums by account, and by grant."""

    def __init__(self) -> None:
        self.sums: dict[UUID, Sums] = {}
        self.grants: dict[UUID, Grant] = {}


async def balance_of(conn: AsyncConnection[Any], account_id: UUID) -> BalanceRow | None:
    """The balance as far as the read model has seen; None before the account's ledger was opened."""
    _, row = await _read(conn, account_id)
    return row


async def latest_balance_of(conn: AsyncConnection[Any], account_id: UUID) -> BalanceRow | None:
    """The balance as of the end of the log, also while the read model is behind: its row and the account's later facts, folded."""
    seen, row = await _read(conn, account_id)
    async for later in Reader().of_account(conn, account_id, after=seen, topics=MODEL.topics):
        row = folded_onto(row, later)
    return row


async def accounts_with_due_grants(conn: AsyncConnection[Any], *, now: Any, limit: int = 100) -> list[UUID]:
    """Accounts whose free credits have lapsed by *now* without an expiry in the log yet."""
    cursor = await conn.execute(DUE, {"now": now, "limit": limit})
    return [account_id for (account_id,) in await cursor.fetchall()]


def folded_onto(row: BalanceRow | None, later: Sequence[Event]) -> BalanceRow:
    """The balance after *later* events of its account."""
    present = Present()
    for event in later:
        MODEL.fold(present, event)
    (sums,) = present.sums.values()
    before = {name: getattr(row, name) if row else 0 for name in _SUMMED}
    grants = {grant.id: grant for grant in row.grants} if row else {}
    for change in present.grants.values():
        grants[change.id] = _changed(grants.get(change.id), change)
    live = sorted((grant for grant in grants.values() if grant.free or grant.held), key=burn_order)
    return BalanceRow(
        account_id=sums.account_id,
        **{name: value + getattr(sums, name) for name, value in before.items()},
        grants=live,
        position=sums.position,
    )


async def load(place: Place, events_: Sequence[Event]) -> Present:
    return Present()


def writes(present: Present) -> Sequence[Write]:
    spent = [grant.id for grant in present.grants.values() if grant.created_position and not (grant.free or grant.held)]
    changed = [grant for grant in present.grants.values() if grant.id not in spent]
    return Write(ADD, list(present.sums.values())), Write(MERGE, changed)


_SUMMED = ("available", "held", "owed", "granted", "spent", "refunded", "expired", "revoked")


async def _read(conn: AsyncConnection[Any], account_id: UUID) -> tuple[int, BalanceRow | None]:
    found = await (await conn.execute(ONE, {"account_id": account_id})).fetchone()
    seen, sums, grants = found if found else (0, None, None)
    if sums is None:
        return seen or 0, None
    values = msgspec.json.decode(sums)
    live = msgspec.json.decode(grants, type=list[GrantRow]) if grants else []
    values["grants"] = sorted(live, key=burn_order)
    return seen, msgspec.convert(values, BalanceRow)


def _changed(grant: GrantRow | None, change: Grant) -> GrantRow:
    if grant is None:
        return msgspec.convert(change, GrantRow, from_attributes=True)
    return msgspec.structs.replace(grant, free=grant.free + change.free, held=grant.held + change.held)


def _account(present: Present, event: Event) -> Sums:
    account_id = event.account_id
    assert account_id is not None, "a ledger fact belongs to an account"
    sums = present.sums.get(account_id)
    if sums is None:
        sums = present.sums[account_id] = Sums(account_id=account_id)
    sums.position = event.position
    return sums


def _shift(present: Present, parts: Sequence[Any], *, free: int, held: int) -> None:
    """Add *free* and *held* (-1, 0 or 1) times its amount to the grant of each part."""
    for grant_id, amount in parts:
        grant = present.grants.get(grant_id)
        if grant is None:
            grant = present.grants[grant_id] = Grant(id=grant_id)
        grant.free += free * amount
        grant.held += held * amount


def _opened(present: Present, event: Event) -> None:
    _account(present, event)


def _granted(present: Present, event: Event) -> None:
    fact = event.fact
    sums = _account(present, event)
    sums.available += fact.amount
    if fact.source == "refund":
        sums.refunded += fact.amount
    else:
        sums.granted += fact.amount
    present.grants[fact.grant_id] = Grant(
        id=fact.grant_id,
        account_id=event.account_id,
        source=fact.source,
        priority=fact.priority,
        expires_at=fact.expires_at,
        free=fact.amount,
        created_position=event.position,
    )


def _held(present: Present, event: Event) -> None:
    sums = _account(present, event)
    sums.available -= event.fact.amount
    sums.held += event.fact.amount
    _shift(present, event.fact.parts, free=-1, held=1)


def _captured(present: Present, event: Event) -> None:
    fact = event.fact
    sums = _account(present, event)
    sums.available += fact.held - fact.charged
    sums.held -= fact.held
    sums.spent += fact.charged
    _shift(present, fact.parts, free=0, held=-1)
    _shift(present, fact.returned, free=1, held=-1)


def _released(present: Present, event: Event) -> None:
    sums = _account(present, event)
    sums.available += event.fact.amount
    sums.held -= event.fact.amount
    _shift(present, event.fact.parts, free=1, held=-1)


def _expired(present: Present, event: Event) -> None:
    sums = _account(present, event)
    sums.available -= event.fact.amount
    sums.expired += event.fact.amount
    _shift(present, [(event.fact.grant_id, event.fact.amount)], free=-1, held=0)


def _revoked(present: Present, event: Event) -> None:
    fact = event.fact
    _taken(present, event, [(fact.grant_id, fact.amount)])


def _adjusted(present: Present, event: Event) -> None:
    _taken(present, event, event.fact.parts)


def _taken(present: Present, event: Event, parts: Sequence[Any]) -> None:
    sums = _account(present, event)
    sums.available -= event.fact.amount
    sums.revoked += event.fact.amount
    _shift(present, parts, free=-1, held=0)


def _debt_incurred(present: Present, event: Event) -> None:
    sums = _account(present, event)
    sums.owed -= event.fact.amount
    sums.revoked += event.fact.amount


def _debt_cleared(present: Present, event: Event) -> None:
    sums = _account(present, event)
    sums.available -= event.fact.amount
    sums.owed += event.fact.amount
    _shift(present, event.fact.parts, free=-1, held=0)


MODEL = read_model(
    name="balances",
    version=2,
    tables=("balances_v2", "balance_grants_v2"),
    ddl=DDL,
    facts={
        events.CreditAccountOpened: _opened,
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
