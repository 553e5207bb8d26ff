"""Generations on the caller's own key: it reaches the provider and nothing else, costs its own rate, and is used no more once removed."""

import functools
import logging
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from daybook.providers import made
from domain.generations.generation import Generation
from domain.provider_keys.commands import SetProviderKey
from domain.providers.vendors import Access
from infra.catalogue.loader import load_catalogue
from tests.support.fleet import Fleet
from tests.support.journal import new_id
from tests.support.providers.replicate_server import ReplicateServer
from tests.support.providers.stability_server import StabilityServer
from workers.failures import AttemptFailed
from workers.own_keys import counted, told_of_own_key
from workers.platform import WorkerPlatform

KEY = "sk-of-a-caller-9876543210"
INSTALLATIONS = "sk-of-the-installation-0123"
TABLES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('journal', 'dispatch', 'vault')"
ASKED = {"provider": "stability", "quoted": 1, "rate": 1, "own_key": True}


@pytest.fixture
def server() -> Iterator[StabilityServer]:
    with StabilityServer() as running:
        yield running


@pytest.fixture
def queue() -> Iterator[ReplicateServer]:
    with ReplicateServer() as running:
        yield running


def platform_of(fleet: Fleet, server: StabilityServer, queue: ReplicateServer) -> WorkerPlatform:
    vendors = {
        "REPLICATE": Access(base_url=queue.url, api_key=INSTALLATIONS),
        "STABILITY": Access(base_url=server.origin, api_key=INSTALLATIONS),
    }
    return replace(
        fleet.platform,
        catalogue=load_catalogue(None),
        make_providers=functools.partial(made, vendors=vendors, outgoing_allow=[queue.authority]),
    )


async def bring(fleet: Fleet, account: UUID, provider: str = "stability") -> UUID:
    key_id = new_id()
    await fleet.platform.own_keys.keep(account, provider, key_id, KEY)
    await fleet.execute(SetProviderKey(account_id=account, provider=provider, key_id=key_id))
    return key_id


async def test_it_is_used_for_what_was_asked_on_it_and_when_it_fails_or_is_removed_nothing_else_is(
    fleet: Fleet, server: StabilityServer, queue: ReplicateServer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    account = await fleet.account()
    key_id = await bring(fleet, account)
    await bring(fleet, account, "replicate")
    async with fleet.working(platform=platform_of(fleet, server, queue)):
        first = [
            await fleet.submit(account, "stability/core", **ASKED),
            await fleet.submit(account, "stability/core", provider="stability"),
            await fleet.submit(account, "replicate/flux-schnell", **ASKED | {"provider": "replicate"}),
        ]
        own, others = await fleet.final(*first[:2])
        await fleet.when(first[2], lambda found: found.sealed_job is not None)
        server.behave("status 401")
        [refused] = await fleet.final(await fleet.submit(account, "stability/core", **ASKED))
        await fleet.world.rows("UPDATE vault.provider_keys SET sealed = left(sealed, -4) || 'AAAA' WHERE key_id = %s RETURNING 1", key_id)
        [altered] = await fleet.final(await fleet.submit(account, "stability/core", **ASKED))
        await fleet.platform.own_keys.drop(account, [key_id])
        [lost] = await fleet.final(await fleet.submit(account, "stability/core", **ASKED))
        await fleet.change_work(first[2], "poll_at = clock_timestamp()")
        [parked] = await fleet.final(first[2])
    assert [(each.status, each.charged) for each in (own, others, parked)] == [("succeeded", 1), ("succeeded", 5), ("succeeded", 1)]
    assert sorted(request.headers["Authorization"] for request in server.requests[:2]) == [f"Bearer {KEY}", f"Bearer {INSTALLATIONS}"]
    # What was refused, and what had lost its key, did not go on with the installation's.
    assert [request.headers["Authorization"] for request in server.requests[2:]] == [f"Bearer {KEY}"]
    assert queue.asked("submit") and queue.asked("poll")
    assert {request.headers.get("Authorization") for request in queue.requests} == {f"Bearer {KEY}", None}
    assert [(each.error["code"], each.error["message"], each.charged) for each in (refused, altered, lost)] == [
        ("auth", "The provider does not accept your key.", 0),
        ("auth", "Your key at stability cannot be read any more. Set it again.", 0),
        ("auth", "It was asked for on your key at stability, which was removed since.", 0),
    ]
    assert KEY not in caplog.text
    for schema, table in await fleet.world.rows(TABLES):
        assert await fleet.world.rows(f"SELECT 1 FROM {schema}.{table} t WHERE t::text LIKE %s", f"%{KEY}%") == [], table


@pytest.mark.parametrize(
    ("own_key", "code", "message"),
    [
        (True, "insufficient_provider_credit", "Your account with the provider is out of credit."),
        (True, "rate_limited", "The provider limits the requests on your key."),
        (True, "overloaded", "as it was"),
        (False, "auth", "as it was"),
    ],
)
def test_failures_say_whose_key_it_was(own_key: bool, code: str, message: str):
    asked = Generation.__new__(Generation)
    asked.own_key = own_key
    told = told_of_own_key(asked, AttemptFailed(code, "as it was", retryable=True, retry_after_seconds=7))
    assert (told.code, told.message, told.retryable, told.retry_after_seconds) == (code, message, True, 7)


def test_an_own_key_is_priced_by_results_whatever_the_model_counts():
    asked = Generation.__new__(Generation)
    asked.own_key = True
    assert counted(asked, {"second": 8}, assets=1) == {"item": 1, "second": 8}
    assert counted(asked, {"token": 900}, assets=0) == {"item": 1, "token": 900}
    assert counted(asked, {"item": 3}, assets=3) == {"item": 3}
    asked.own_key = False
    assert counted(asked, {"second": 8}, assets=1) == {"second": 8}
