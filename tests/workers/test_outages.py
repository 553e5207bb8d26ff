"""What is away for a while only delays; what stays away ends with a clear word and without a charge."""

import asyncio

import pytest

from domain.assets.storage import StoreUnavailable
from domain.kernel.refusals import Unavailable
from tests.support.fleet import Fleet
from tests.support.journal import execute_sql
from workers import storing
from workers.failures import AttemptFailed, pause_seconds
from workers.patience import patiently

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


class Store:
    """An object store that refuses the first *refusals* puts."""

    def __init__(self, real, refusals: int) -> None:
        self._real = real
        self.refusals = refusals

    async def put(self, key, data, content_type) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise StoreUnavailable(retry_after=1, reason="disk full")
        await self._real.put(key, data, content_type)

    def __getattr__(self, name):
        return getattr(self._real, name)


def with_store(fleet: Fleet, refusals: int) -> Store:
    store = Store(fleet.platform.objects, refusals)
    fleet.platform = type(fleet.platform)(**{**vars(fleet.platform), "objects": store})
    return store


async def test_a_store_that_is_away_for_a_moment_costs_no_second_provider_call(fleet: Fleet, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(storing, "PAUSES_SECONDS", (0.01, 0.01, 0.01))
    with_store(fleet, 2)
    account = await fleet.account()
    async with fleet.working():
        [done] = await fleet.final(await fleet.submit(account, "picture"))
    assert (done.status, done.attempt) == ("succeeded", 1)


async def test_a_store_that_stays_away_fails_the_attempt_with_a_clear_code(fleet: Fleet, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(storing, "PAUSES_SECONDS", (0.01,))
    with_store(fleet, 1_000)
    account = await fleet.account()
    generation_id = await fleet.submit(account, "picture")
    async with fleet.working(), fleet.dispatching():
        for attempt in (1, 2):
            await fleet.when(generation_id, lambda found, n=attempt: found.attempt == n and found.status == "queued")
            await fleet.change_work(generation_id, "run_at = clock_timestamp()")
        [done] = await fleet.final(generation_id)
    assert done.error == {"code": "storage_unavailable", "message": "The result could not be stored.", "retryable": True}
    assert (done.charged, (await fleet.credits(account)).holds) == (0, {})


async def test_connections_that_break_in_the_middle_lose_nothing(fleet: Fleet):
    account = await fleet.account(credits=1_000)
    generation_ids = [await fleet.submit(account, "brief") for _ in range(30)]
    async with fleet.working(), fleet.dispatching():
        for _ in range(3):
            await asyncio.sleep(0.3)
            execute_sql(fleet.world.dsn, CUT)
        done = await patiently("the end", lambda: fleet.final(*generation_ids, seconds=30))
    assert {each.status for each in done} == {"succeeded"}
    credits = await fleet.credits(account)
    assert credits.holds == {}
    assert credits.available(fleet.world.clock.now()) == 1_000 - 5 * 30


async def test_patience_ends_with_the_answer():
    left = [Unavailable(), Unavailable()]

    async def act() -> str:
        if left:
            raise left.pop()
        return "answer"

    assert await patiently("it", act) == "answer"


@pytest.mark.parametrize(
    ("code", "attempts", "retry_after", "least", "most"),
    [
        ("provider_error", 1, None, 2.0, 2.4),
        ("provider_error", 3, None, 8.0, 9.6),
        ("rate_limited", 1, None, 5.0, 6.0),
        ("rate_limited", 1, 90.0, 90.0, 90.0),
        ("rate_limited", 20, None, 300.0, 360.0),
        ("no_output", 1, 0.1, 1.0, 1.2),
    ],
)
def test_the_pause_doubles_within_its_limit_and_is_never_shorter_than_asked_for(code, attempts, retry_after, least, most):
    failure = AttemptFailed(code, "", retryable=True, retry_after_seconds=retry_after)
    assert least <= pause_seconds(failure, attempts=attempts) <= most
