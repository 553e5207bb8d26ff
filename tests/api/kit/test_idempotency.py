"""A request that is repeated with its key is answered, not executed."""

import asyncio

import pytest

from domain.kernel.commands import Command, Context, Receipt
from tests.api.kit.tiny import TINY
from tests.support.api_world import FakeJournal, bearer, fake_platform, served


@pytest.fixture
def platform():
    return fake_platform()


@pytest.fixture
async def client(platform):
    async with served(TINY, platform) as client:
        yield client


async def make(client, key: str, *, name: str = "x", token: str = "alice", **more):
    return await client.post("/v1/things", json={"name": name, **more}, headers=bearer(token, **{"Idempotency-Key": key}))


async def test_a_repeat_gets_the_same_answer_and_nothing_happens(client, platform):
    first, second = await make(client, "k"), await make(client, "k")
    assert (second.status_code, second.headers["location"]) == (first.status_code, first.headers["location"])
    assert second.headers["daybook-position"] == first.headers["daybook-position"] == "1"
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(platform.journal.executed) == 1


async def test_a_one_time_secret_is_shown_once(client):
    first, second = await make(client, "k"), await make(client, "k")
    assert (first.json()["secret"], second.json()["secret"]) == ("dbk_secret", None)


async def test_quotes_around_a_key_are_not_part_of_it(client):
    await make(client, "k")
    assert (await make(client, '"k"')).headers["idempotency-replayed"] == "true"


async def test_the_order_of_fields_and_spaces_do_not_make_another_request(client):
    headers = bearer("alice", **{"Idempotency-Key": "k", "Content-Type": "application/json"})
    await client.post("/v1/things", content=b'{"name":"x","counts":{"a":1,"b":2}}', headers=headers)
    again = await client.post("/v1/things", content=b'{ "counts": {"b": 2, "a": 1}, "name": "x" }', headers=headers)
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_default_that_is_spelled_out_makes_another_request(client):
    await make(client, "k")
    assert (await make(client, "k", counts={})).json()["code"] == "idempotency_key_reused"


async def test_another_body_under_the_key_is_refused(client):
    await make(client, "k")
    response = await make(client, "k", name="y")
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")


async def test_two_accounts_may_use_one_key(client, platform):
    await make(client, "k", token="alice")
    assert "idempotency-replayed" not in (await make(client, "k", token="bob")).headers
    assert len(platform.journal.executed) == 2


async def test_refusals_are_not_remembered(client):
    assert (await make(client, "k", name="poor")).status_code == 402
    assert (await make(client, "k")).status_code == 202


async def test_a_repeat_is_answered_also_when_it_would_be_refused_today(client, monkeypatch):
    from tests.api.kit import tiny

    first = await make(client, "k")
    monkeypatch.setattr(tiny, "NEWLY_REFUSED", {"x"})
    again = await make(client, "k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.headers["daybook-position"] == first.headers["daybook-position"]
    assert (await make(client, "other")).status_code == 422


@pytest.mark.parametrize("key", ["", '""', "a b", "ü".encode("latin-1").decode("latin-1"), "x" * 256])
async def test_a_key_that_is_none_is_a_400(client, key):
    headers = [(b"Authorization", b"Bearer alice"), (b"Idempotency-Key", key.encode("latin-1"))]
    response = await client.post("/v1/things", json={"name": "x"}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_header")


async def test_two_keys_are_a_400(client):
    headers = [("Authorization", "Bearer alice"), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    response = await client.post("/v1/things", json={"name": "x"}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_header")


class SlowJournal(FakeJournal):
    """Takes its time, and would happily execute twins side by side."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.together = self.most = 0

    async def execute(self, command: Command, context: Context) -> Receipt:
        self.together += 1
        self.most = max(self.most, self.together)
        await asyncio.sleep(self.seconds)
        self.together -= 1
        return await super().execute(command, context)


async def test_twins_in_flight_wait_for_the_first():
    journal = SlowJournal(0.02)
    async with served(TINY, fake_platform(journal=journal)) as client:
        answers = await asyncio.gather(*(make(client, "k") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19
    assert journal.most == 1
    assert len(journal.executed) == 1


async def test_a_twin_that_waits_too_long_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr("api.kit.idempotency.TWIN_SECONDS", 0.05)
    async with served(TINY, fake_platform(journal=SlowJournal(0.5))) as client:
        first = asyncio.create_task(make(client, "k"))
        await asyncio.sleep(0.1)
        second = await make(client, "k")
        assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (409, "idempotency_in_progress", "1")
        assert (await first).status_code == 202
