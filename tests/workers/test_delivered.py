"""A text that is read while it is written, and ends early: what was read is charged, and kept."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.generations.generation import Generation
from domain.generations.words import Words
from domain.ports import Provider
from domain.providers.catalogue import Catalogue, Model
from domain.providers.jobs import Job, Report, Result, Say, unheard, unsaid
from tests.support.fleet import PROMPT, Fleet
from workers.ports import Run

WORD = "lantern "
MODEL = Model(
    id="writer", kind="text", provider="writing", title="", description="", price=1, price_unit="token", price_per=10, on_cancel="delivered"
)
PRIVATE: dict[str, object] = {"messages": [], "system": None, "temperature": None}


class Writing:
    """Says as many words as it may write tokens, then thinks for ever: its reader has all but the end."""

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        for _ in range(job.params["max_tokens"]):
            say(WORD)
        await asyncio.sleep(600)
        raise AssertionError("it is stopped before")

    async def close(self) -> None:
        return None


def make_writing(*, run_in_child: Run) -> Mapping[str, Provider]:
    return {"writing": Writing()}


@pytest.fixture
def writing(fleet: Fleet) -> Fleet:
    catalogue = Catalogue(price_version=1, models=[MODEL], defaults={})
    fleet.platform = replace(fleet.platform, catalogue=catalogue, make_providers=make_writing)
    return fleet


async def submit(fleet: Fleet, account: UUID, *, said: int = 30, stream: bool = True, **changes: object) -> UUID:
    key = await fleet.vault.key(account)
    values = {
        "kind": "text",
        "queue": "text",
        "provider": "writing",
        "params": {"max_tokens": said, "stream": stream},
        "sealed": Words(prompt=PROMPT, private=PRIVATE).sealed(key),
        "quoted": 51,
        "rate": 1,
        "rate_unit": "token",
        "rate_per": 10,
        "on_cancel": "delivered",
        **changes,
    }
    return await fleet.submit(account, "writer", **values)


async def read(fleet: Fleet, done: Generation) -> object:
    return done.sealed_output and json.loads((await fleet.vault.key(done.account_id)).open(done.sealed_output))


#: 21 characters of prompt are 7 tokens, 30 words of 8 characters 80.
CHARGED = 9
TEXT = {"text": WORD * 30, "finish_reason": "canceled"}


async def test_a_text_that_was_read_and_then_canceled_is_charged_for_what_was_read(writing: Fleet):
    account = await writing.account(credits=1_000)
    cases = {
        "read to the last sentence": ({}, CHARGED),
        "not a word yet": ({"said": 0}, 0),
        "not read along": ({"stream": False}, 0),
        "free by its quote": ({"on_cancel": "free"}, 0),
        "whole by its quote": ({"on_cancel": "full"}, 51),
        "longer than was held": ({"said": 9_999}, 51),
    }
    asked = {name: await submit(writing, account, **changes) for name, (changes, _) in cases.items()}
    async with writing.working():
        for each in asked.values():
            await writing.when(each, lambda found: found.status == "running")
        for each in asked.values():
            await writing.cancel(account, each)
        done = dict(zip(asked, await writing.final(*asked.values(), seconds=20), strict=True))
    ends = {name: (each.status, each.charged, each.released) for name, each in done.items()}
    assert ends == {name: ("canceled", charged, 51 - charged) for name, (_, charged) in cases.items()}
    assert {name: sum(paid.amount for paid in each.paid_by) for name, each in done.items()} == {
        name: each[1] for name, each in cases.items()
    }
    assert (await read(writing, done["read to the last sentence"]), done["read to the last sentence"].usage) == (TEXT, {"token": 87})
    assert await read(writing, done["not read along"]) is None
    credits = await writing.credits(account)
    assert credits.holds == {}
    assert sum(grant["free"] for grant in credits.grants.values()) == 1_000 - sum(each.charged for each in done.values())


async def test_so_it_is_when_a_deadline_of_the_caller_ends_it(writing: Fleet):
    account = await writing.account()
    generation_id = await submit(writing, account, deadline=writing.platform.clock.now() + timedelta(seconds=3))
    async with writing.working(), writing.scheduling():
        await writing.when(generation_id, lambda found: found.status == "running")
        [done] = await writing.final(generation_id, seconds=20)
    assert (done.status, done.charged, done.released) == ("failed", CHARGED, 51 - CHARGED)
    assert done.error and done.error["code"] == "deadline_exceeded"
    assert await read(writing, done) == TEXT
    assert (await writing.credits(account)).holds == {}
