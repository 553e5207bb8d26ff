"""Generations on the caller's own key: it reaches the provider and nothing else, costs its own rate, and is used no more once removed."""

import functools
import logging
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from daybook.providers import made
from domain.provider_keys.commands import RemoveProviderKey, SetProviderKey
from domain.providers.vendors import Access
from infra.catalogue.loader import load_catalogue
from tests.support.fleet import Fleet
from tests.support.journal import new_id
from tests.support.providers.stability_server import StabilityServer
from workers.platform import WorkerPlatform

KEY = "sk-of-a-caller-9876543210"
INSTALLATIONS = "sk-of-the-installation-0123"
TABLES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('journal', 'dispatch', 'vault')"
ASKED = {"provider": "stability", "quoted": 1, "rate": 1, "own_key": True}


@pytest.fixture
def server() -> Iterator[StabilityServer]:
    with StabilityServer() as running:
        yield running


def platform_of(fleet: Fleet, server: StabilityServer) -> WorkerPlatform:
    vendors = {"STABILITY": Access(base_url=server.origin, api_key=INSTALLATIONS)}
    return replace(
        fleet.platform,
        catalogue=load_catalogue(None),
        make_providers=functools.partial(made, vendors=vendors, outgoing_allow=()),
    )


async def bring(fleet: Fleet, account: UUID, key: str = KEY) -> UUID:
    key_id = new_id()
    await fleet.platform.own_keys.keep(account, "stability", key_id, key)
    await fleet.execute(SetProviderKey(account_id=account, provider="stability", key_id=key_id))
    return key_id


async def test_it_is_used_for_what_was_asked_on_it_and_when_it_fails_or_is_removed_nothing_else_is(
    fleet: Fleet, server: StabilityServer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    account = await fleet.account()
    key_id = await bring(fleet, account)
    async with fleet.working(platform=platform_of(fleet, server)):
        [own] = await fleet.final(await fleet.submit(account, "stability/core", **ASKED))
        [others] = await fleet.final(await fleet.submit(account, "stability/core", provider="stability"))
        server.behave("status 401")
        [refused] = await fleet.final(await fleet.submit(account, "stability/core", **ASKED))
        server.behave("out of credit")
        [unpaid] = await fleet.final(await fleet.submit(account, "stability/core", **ASKED))
        await fleet.platform.own_keys.drop(account, [key_id])
        [lost] = await fleet.final(await fleet.submit(account, "stability/core", **ASKED))
        await fleet.execute(RemoveProviderKey(account_id=account, provider="stability"))
        [removed] = await fleet.final(await fleet.submit(account, "stability/core", **ASKED))
    assert (own.status, own.charged, own.usage["item"]) == ("succeeded", 1, 1)
    assert (others.status, others.charged) == ("succeeded", 5)
    shown = [request.headers["Authorization"].removeprefix("Bearer ") for request in server.requests]
    assert shown == [KEY, INSTALLATIONS, KEY, KEY]
    said = [(each.error["code"], each.error["message"], each.error["retryable"]) for each in (refused, unpaid, lost, removed)]
    gone = ("auth", "It was asked for on your key at stability, which was removed since.", False)
    assert said == [
        ("auth", "The provider does not accept your key.", False),
        ("insufficient_provider_credit", "Your account with the provider is out of credit.", False),
        gone,
        gone,
    ]
    assert [each.charged for each in (refused, unpaid, lost, removed)] == [0, 0, 0, 0]
    assert KEY not in caplog.text
    for schema, table in await fleet.world.rows(TABLES):
        assert await fleet.world.rows(f"SELECT 1 FROM {schema}.{table} t WHERE t::text LIKE %s", f"%{KEY}%") == [], table
