"""What each ledger fact does to balances, live grants and the history."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.credits import events
from projections.credits import balances, ledger_entries
from projections.credits.ledger_entries import Running
from tests.support.book import NOON
from tests.support.telling import ACCOUNT, Told, happened

STREAM = UUID("01936b2e-0000-7000-8000-000000000009")
GENERATION = UUID("01936b2e-0000-7000-8000-000000000002")
CHEAP, DEAR = UUID(int=1), UUID(int=2)
TOMORROW = NOON + timedelta(days=1)


def granted(position: int, grant_id: UUID, amount: int, **changes: Any):
    values = {"source": "operator", "priority": 0, "expires_at": None, "reason": "why", **changes}
    return happened(events.CreditsGranted, position, stream=STREAM, grant_id=grant_id, amount=amount, **values)


HELD = {"generation_id": GENERATION, "kind": "image", "amount": 5, "parts": [[CHEAP, 3], [DEAR, 2]]}
CAPTURED = {
    "generation_id": GENERATION,
    "kind": "image",
    "held": 5,
    "charged": 4,
    "parts": [[CHEAP, 3], [DEAR, 1]],
    "returned": [[DEAR, 1]],
}
FACTS = [
    happened(events.CreditAccountOpened, 1, stream=STREAM, account_id=ACCOUNT),
    granted(2, CHEAP, 3, expires_at=TOMORROW),
    granted(3, DEAR, 10, sealed_memo="s1.memo"),
    happened(events.CreditsHeld, 4, stream=STREAM, **HELD),
    happened(events.HoldCaptured, 5, stream=STREAM, **CAPTURED),
    happened(events.CreditsHeld, 6, stream=STREAM, generation_id=ACCOUNT, kind="image", amount=2, parts=[[DEAR, 2]]),
    happened(events.HoldReleased, 7, stream=STREAM, generation_id=ACCOUNT, kind="image", amount=2, parts=[[DEAR, 2]]),
    granted(8, GENERATION, 1, source="refund", charge_id=GENERATION, refund_id=GENERATION, expires_at=TOMORROW),
    happened(events.GrantExpired, 9, stream=STREAM, grant_id=GENERATION, amount=1),
]


@pytest.mark.parametrize(
    ("until", "available", "held", "lifetime"),
    [
        (1, 0, 0, (0, 0, 0, 0)),
        (3, 13, 0, (13, 0, 0, 0)),
        (4, 8, 5, (13, 0, 0, 0)),
        (5, 9, 0, (13, 4, 0, 0)),
        (6, 7, 2, (13, 4, 0, 0)),
        (7, 9, 0, (13, 4, 0, 0)),
        (8, 10, 0, (13, 4, 1, 0)),
        (9, 9, 0, (13, 4, 1, 1)),
    ],
)
def test_the_balance_after_each_fact(until: int, available: int, held: int, lifetime: tuple[int, int, int, int]):
    told = Told(balances.MODEL, balances.Present()).given(FACTS[:until])
    (sums,) = told.rows(balances.ADD)
    assert (sums.account_id, sums.available, sums.held, sums.owed, sums.position) == (ACCOUNT, available, held, 0, until)
    assert (sums.granted, sums.spent, sums.refunded, sums.expired) == lifetime


def test_live_grants_follow_holds_and_their_ends():
    def live(until: int) -> dict[UUID, tuple[int, int]]:
        told = Told(balances.MODEL, balances.Present()).given(FACTS[:until])
        return {grant.id: (grant.free, grant.held) for grant in told.rows(balances.MERGE)}

    assert live(3) == {CHEAP: (3, 0), DEAR: (10, 0)}
    assert live(4) == {CHEAP: (0, 3), DEAR: (8, 2)}
    assert live(5) == {DEAR: (9, 0)}, "what is spent in its own batch never reaches the table"
    assert live(6) == {DEAR: (7, 2)}
    assert live(7) == {DEAR: (9, 0)}
    assert live(9) == {DEAR: (9, 0)}


def test_a_grant_from_before_gets_only_what_changed():
    told = Told(balances.MODEL, balances.Present()).given(FACTS[3:5])
    changed = {grant.id: (grant.free, grant.held, grant.source, grant.created_position) for grant in told.rows(balances.MERGE)}
    assert changed == {CHEAP: (-3, 0, None, None), DEAR: (-1, 0, None, None)}


def test_the_history_says_type_amount_and_running_balances():
    told = Told(ledger_entries.MODEL, ledger_entries.Present([])).given(FACTS[1:])
    rows = told.rows(ledger_entries.INSERT)
    assert [(row.position, row.type, row.amount, row.available_after, row.held_after) for row in rows] == [
        (2, "grant", 3, 3, 0),
        (3, "grant", 10, 13, 0),
        (4, "hold", 5, 8, 5),
        (5, "capture", 4, 9, 0),
        (6, "hold", 2, 7, 2),
        (7, "release", 2, 9, 0),
        (8, "refund", 1, 10, 0),
        (9, "expiry", 1, 9, 0),
    ]
    assert [[(part.id, part.amount) for part in row.grants] for row in rows] == [
        [(CHEAP, 3)],
        [(DEAR, 10)],
        [(CHEAP, 3), (DEAR, 2)],
        [(CHEAP, 3), (DEAR, 1)],
        [(DEAR, 2)],
        [(DEAR, 2)],
        [(GENERATION, 1)],
        [(GENERATION, 1)],
    ]


def test_an_entry_names_what_it_belongs_to():
    rows = Told(ledger_entries.MODEL, ledger_entries.Present([])).given(FACTS[1:]).rows(ledger_entries.INSERT)
    grant, memo, hold, capture, _, release, refund, _ = rows
    assert (grant.source, grant.reason, grant.expires_at, memo.sealed_memo) == ("operator", "why", TOMORROW, "s1.memo")
    assert (hold.generation_id, hold.charge_id) == (GENERATION, None)
    assert (capture.generation_id, capture.charge_id) == (GENERATION, GENERATION)
    assert (release.generation_id, release.charge_id) == (ACCOUNT, None)
    assert (refund.refunds_charge_id, refund.source) == (GENERATION, "refund")
    assert capture.effective_at == capture.recorded_at == NOON + timedelta(minutes=5)
    assert len({row.id for row in rows}) == len(rows)


def test_the_history_counts_on_from_the_latest_entry():
    present = ledger_entries.Present([Running(account_id=ACCOUNT, available=100, held=5)])
    (row,) = Told(ledger_entries.MODEL, present).given([FACTS[4]]).rows(ledger_entries.INSERT)
    assert (row.available_after, row.held_after) == (101, 0)
