"""The Python client against a served API with a worker behind it."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast, get_type_hints

import httpx
import pytest
import pytest_asyncio
from daybook_client import (
    Asset,
    Balance,
    Daybook,
    Generation,
    GenerationCredits,
    GenerationError,
    NoThumbnail,
    Problem,
    Unreachable,
    WebhookRefused,
    verify_webhook,
)

from daybook.bootstrap import worker_platform
from daybook.settings import load
from tests.support.api_house import house_environment, open_house
from tests.support.fleet import running
from workers.worker import Worker

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL = {"size": "64x64"}


class Losing(httpx.HTTPTransport):
    """Sends every request, and loses the answers to the first *lost* of them."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self.lost = lost
        self.sent = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent += 1
        answer = super().handle_request(request)
        if self.sent <= self.lost:
            answer.close()
            raise httpx.ReadTimeout("lost")
        return answer


class CutOff(httpx.HTTPTransport):
    """The first stream ends in the middle of a line, with *meanwhile* done before anybody can come again."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile: Callable[[], object] | None = meanwhile

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if self._meanwhile is None:
            return answer
        answer.close()
        meanwhile, self._meanwhile = self._meanwhile, None
        meanwhile()
        return httpx.Response(200, headers={"daybook-position": answer.headers["daybook-position"]}, content=b"retry: 20")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(database_url, redis_url, database_folder):
    """The API, one that is reached by its own address, and a worker."""
    environ = house_environment(database_url, redis_url, database_folder)
    async with (
        open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off") as house,
        worker_platform(load(environ), "worker") as platform,
        running(Worker(platform).run),
    ):
        yield house


@asynccontextmanager
async def client_of(house, person, **more):
    client = Daybook(f"http://127.0.0.1:{house.port}", person.access_token, **more)
    try:
        yield client
    finally:
        client.close()


async def test_the_types_are_those_of_the_openapi_document(served):
    document = (await served.client.get("/openapi.json")).json()
    for kind in (Asset, Balance, Generation, GenerationCredits, GenerationError):
        assert set(document["components"]["schemas"][kind.__name__]["properties"]) == set(get_type_hints(kind)), kind.__name__


async def test_a_generation_is_asked_for_awaited_followed_and_fetched(served, monkeypatch):
    person = await served.person(credits=100)

    def story():
        asked = client.submit("image", "a cat", params=SMALL, tags=["pet"])
        followed = list(client.stream(asked))
        done = client.wait(asked)
        return asked, followed, done, client.generation(asked["id"]), list(client.pages("/v1/generations", limit=1))

    async with client_of(served, person) as client:
        asked, followed, done, again, listed = await asyncio.to_thread(story)
        assert (asked["status"], done["status"], done["tags"]) == ("queued", "succeeded", ["pet"])
        assert followed[0].type == "snapshot"
        assert followed[-1].type == "generation.succeeded"
        assert followed[-1].data["assets"][0]["sha256"] == done["assets"][0]["sha256"]
        assert again == done
        assert [each["id"] for each in listed] == [done["id"]]
        assert (await asyncio.to_thread(client.balance))["available"] == 95


async def test_lost_answers_are_asked_for_again_under_the_same_key(served):
    person = await served.person(credits=100)
    transport = Losing(2)
    async with client_of(served, person, transport=transport) as client:
        asked = await asyncio.to_thread(client.submit, "image", "a cat", params=SMALL)
        assert transport.sent == 3
        listed = await asyncio.to_thread(lambda: list(client.pages("/v1/generations")))
    assert [each["id"] for each in listed] == [asked["id"]]


async def test_refusals_and_silence_are_told_apart(served):
    person = await served.person(credits=1)
    async with client_of(served, person) as client:
        with pytest.raises(Problem) as refused:
            await asyncio.to_thread(client.submit, "image", "a cat", params=SMALL)
        assert (refused.value.status, refused.value.code) == (402, "insufficient_credits")
        with pytest.raises(Problem) as refused:
            await asyncio.to_thread(client.submit, "image", "a cat", params={"size": "1x1"})
        assert refused.value.errors[0]["pointer"] == "/params/size"
    with pytest.raises(Unreachable):
        await asyncio.to_thread(Daybook("http://127.0.0.1:9", "x", tries=2).balance)


async def test_a_subscriber_is_told_what_follows_a_position(served):
    person = await served.person(credits=100)
    async with client_of(served, person) as client:
        asked = await asyncio.to_thread(client.submit, "image", "a cat", params=SMALL)

        def told():
            events = []
            for event in client.subscribe(after=asked["position"]):
                events.append(event)
                if event.type == "generation.succeeded":
                    break
            return events

        events = await asyncio.to_thread(told)
    positions = [event.position for event in events if event.position is not None]
    assert positions == sorted(positions)
    assert positions[0] > asked["position"]


async def test_a_subscriber_misses_nothing_when_the_connection_is_lost_before_the_first_event(served):
    person = await served.person(credits=100)
    async with client_of(served, person) as other:
        transport = CutOff(lambda: other.submit("image", "a cat\u2028on two lines", params=SMALL))
        async with client_of(served, person, transport=transport) as client:
            told = await asyncio.to_thread(lambda: next(event for event in client.subscribe() if event.type == "generation.queued"))
    assert told.data["prompt"] == "a cat\u2028on two lines"


async def test_a_batch_is_accepted_whole_and_what_waits_can_be_canceled(served):
    person = await served.person(credits=100)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    async with client_of(served, person) as client:
        waiting = await asyncio.to_thread(client.submit, "image", "a cat", params=SMALL, run_at=tomorrow)
        assert waiting["status"] == "scheduled"
        assert (await asyncio.to_thread(client.cancel, waiting))["status"] == "canceled"
        [one, two] = await asyncio.to_thread(client.batch, [{"kind": "image", "prompt": "a cat", "params": SMALL}] * 2)
        assert one["batch_id"] == two["batch_id"]
        for each in (one, two):
            assert (await asyncio.to_thread(client.wait, each))["status"] == "succeeded"


# The vector of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "Webhook-Timestamp": "1614265330",
    "Webhook-Signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


async def test_a_signed_delivery_is_read_and_any_other_refused():
    body = b'{"test": 2432232314}'
    assert verify_webhook(SECRET, HEADERS, body, now=1614265330 + 299) == {"test": 2432232314}
    for headers, sent, now in (
        (HEADERS, body, 1614265330 + 301),
        (HEADERS, body, 1614265330 - 301),
        (HEADERS, body + b" ", 1614265330),
        ({**HEADERS, "Webhook-Id": "msg_other"}, body, 1614265330),
        ({"Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek"}, body, 1614265330),
    ):
        with pytest.raises(WebhookRefused):
            verify_webhook(SECRET, headers, sent, now=now)


async def test_what_cannot_be_is_said_by_name():
    with Daybook("http://127.0.0.1:9", "x", tries=1) as client, pytest.raises(NoThumbnail, match="asset a has no thumbnail"):
        client.thumbnail(cast(Asset, {"id": "a", "thumbnail_url": None}))
    with pytest.raises(ValueError, match="tries must be at least 1"):
        Daybook("http://127.0.0.1:9", tries=0)
