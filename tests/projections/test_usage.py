"""Usage by day, kind and model, and statistics."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.generations import events
from domain.generations.commands import RetryGeneration
from domain.generations.generation import FINAL, Generation
from projections.audit.verify import verify
from projections.usage import usage_daily
from projections.usage.usage_daily import Present, statistics_of, usage_of
from tests.support.book import NOON, request_of
from tests.support.projecting import Library
from tests.support.telling import ACCOUNT, Told, happened

ID = UUID(int=7)


def told(*facts: Any, request: Any = None) -> list[usage_daily.Counts]:
    asked = request or type("Request", (), {"account_id": ACCOUNT, "kind": "image", "model": "m"})
    return Told(usage_daily.MODEL, Present({ID: asked}, {})).given(facts).rows(usage_daily.ADD)


def test_each_fact_counts_on_its_own_day():
    end = {"asset_ids": [], "charged": 4, "released": 1, "usage": {}, "paid_by": [], "attempt": 1}
    day = 24 * 60
    rows = told(
        happened(events.GenerationSucceeded, day, stream=ID, **end),
        happened(events.ChargeRefunded, 2 * day, stream=ID, refund_id=ID, grant_id=ID, amount=3, reason="x"),
    )
    first, second = rows
    assert (first.day, first.succeeded, first.spent, first.refunded) == (date(2026, 3, 2), 1, 4, 0)
    assert (second.day, second.succeeded, second.spent, second.refunded) == (date(2026, 3, 3), 0, 0, 3)
    assert {(row.account_id, row.kind, row.model) for row in rows} == {(ACCOUNT, "image", "m")}


def test_ends_are_counted_by_state_and_what_a_cancel_charged_is_spent():
    (row,) = told(
        happened(events.GenerationFailed, 1, stream=ID, code="x", message="x", retryable=False, charged=0, released=5),
        happened(events.GenerationCanceled, 2, stream=ID, actor="owner", charged=2, released=3, paid_by=[]),
    )
    assert (row.requested, row.failed, row.canceled, row.succeeded, row.spent) == (0, 1, 1, 0, 2)
    assert (row.first_at, row.last_at) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=2))


def test_an_end_counts_for_the_model_that_the_generation_fell_back_to():
    failed = {"attempt": 1, "code": "provider_error", "run_at": None}
    end = {"asset_ids": [], "charged": 4, "released": 1, "usage": {}, "paid_by": [], "attempt": 3}
    rows = told(
        happened(events.GenerationRetrying, 1, stream=ID, **failed),
        happened(events.GenerationRetrying, 2, stream=ID, **failed, model="n", provider="p"),
        happened(events.GenerationSucceeded, 3, stream=ID, **end),
    )
    assert [(row.model, row.requested, row.succeeded, row.spent) for row in rows] == [("n", 0, 1, 4)]


async def test_a_fallback_in_an_earlier_batch_is_remembered_and_verify_counts_the_same(library: Library):
    account_id, generation_id = library.book.account(credits=25), library.book.id()
    request = request_of(generation_id, account_id, 5, now=library.book.now, model="m/1", fallback_models=["m/2", "m/3"])
    library.book.when(request)
    library.book.start(generation_id)
    retry = RetryGeneration(generation_id=generation_id, account_id=account_id, attempt=1, code="provider_error", run_at=None)
    library.book.when(msgspec.structs.replace(retry, model="m/2", provider="p", rate=5))
    await library.project()
    library.book.start(generation_id)
    library.book.succeed(account_id, generation_id, attempt=2, price=5)
    await library.project()
    rows = await usage_of(library.conn, account_id, from_day=None, to_day=None, group_by="model")
    assert [(row.model, row.requested, row.succeeded, row.spent) for row in rows] == [("m/1", 1, 0, 0), ("m/2", 0, 1, 5)]
    report = await verify(library.url)
    assert report.ok, report


async def test_sums_by_day_kind_and_model_agree_with_each_other_and_with_the_streams(library: Library):
    history = library.history(1, 800)
    await library.project()
    account_id = history.accounts[0]
    own = [s for s in library.book.streams.values() if isinstance(s, Generation) and s.account_id == account_id]
    for group in ("day", "kind", "model"):
        rows = await usage_of(library.conn, account_id, from_day=None, to_day=None, group_by=group)
        assert [getattr(row, group) for row in rows] == sorted({getattr(row, group) for row in rows})
        assert sum(row.requested for row in rows) == len(own)
        assert sum(row.succeeded for row in rows) == sum(s.status == "succeeded" for s in own)
        assert sum(row.spent for row in rows) == sum(s.charged for s in own) > 0
        assert sum(row.refunded for row in rows) == sum(s.refunded for s in own)
    kinds = await usage_of(library.conn, account_id, from_day=None, to_day=None, group_by="kind")
    assert {row.kind: row.requested for row in kinds} == Counter(s.kind for s in own)


async def test_days_are_half_open(library: Library):
    history = library.history(2, 500)
    await library.project()
    account_id = history.accounts[0]
    days = [row.day for row in await usage_of(library.conn, account_id, from_day=None, to_day=None, group_by="day")]
    assert len(days) > 3
    some = await usage_of(library.conn, account_id, from_day=days[1], to_day=days[3], group_by="day")
    assert [row.day for row in some] == days[1:3]


async def test_statistics_count_states_kinds_credits_and_bytes(library: Library):
    history = library.history(3, 700)
    await library.project()
    for account_id in history.accounts:
        own = [s for s in library.book.streams.values() if isinstance(s, Generation) and s.account_id == account_id]
        found = await statistics_of(library.conn, account_id)
        counted = Counter(s.status for s in own)
        assert found.by_status == {status: counted[status] for status in ("scheduled", "queued", "running", *FINAL)}
        assert found.by_kind == Counter(s.kind for s in own)
        assert (found.generations, found.spent, found.refunded) == (len(own), sum(s.charged for s in own), sum(s.refunded for s in own))
        stored = await library.rows("SELECT bytes FROM read.assets_v2 WHERE account_id = %s AND NOT deleted", account_id)
        assert (found.assets, found.bytes_stored) == (len(stored), sum(size for (size,) in stored))
        assert found.first_used_at == min(s.created_on for s in own)
    everybody = await statistics_of(library.conn, None)
    assert everybody.generations == len(history.generations)


async def test_statistics_are_of_one_moment(library: Library):
    account_id, generation_id = library.book.account(credits=25), library.book.id()
    library.book.when(request_of(generation_id, account_id, 5, now=library.book.now))
    await library.project()

    async def end_and_begin_again() -> None:
        for status, ended in (("succeeded", 1), ("queued", -1)) * 100:
            async with await AsyncConnection.connect(library.url) as other:
                await other.execute("UPDATE read.usage_daily_v2 SET succeeded = succeeded + %s", (ended,))
                await other.execute("UPDATE read.generations_v1 SET status = %s", (status,))

    moving = asyncio.create_task(end_and_begin_again())
    seen: Counter[str] = Counter()
    while not moving.done():
        found = await statistics_of(library.conn, account_id)
        assert sum(found.by_status.values()) == found.generations == 1
        seen += Counter(found.by_status)
    await moving
    assert seen["queued"] and seen["succeeded"], "it was never seen in both states"


async def test_nobody_has_done_nothing_yet(library: Library):
    found = await statistics_of(library.conn, ID)
    assert (found.generations, found.by_kind, found.first_used_at, found.bytes_stored) == (0, {}, None, 0)
    assert set(found.by_status.values()) == {0}
    assert await usage_of(library.conn, ID, from_day=None, to_day=None, group_by="day") == []
