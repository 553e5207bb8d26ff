"""The stream of everything that is yours: exactly the log's events of the account, in its order, however often it is cut.

Who may open one, and what ends it.
"""

import asyncio
import json
import random
import re
import socket
import time
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from datetime import datetime

import pytest
import redis.asyncio

from api.streams import stream as stream_module
from daybook.telling.rendering import LogRendering
from domain.kernel.limits import STREAM_WAITING_BYTES_MAX, STREAMS_MAX
from domain.notary.commands import RecordRestore
from domain.telling.names import STREAMED
from infra.telling.voices import RedisSaying
from projections.kernel import reader
from projections.notary.incarnations import Incarnation, begin
from tests.support.event_stream import ids, listening
from tests.support.eventually import eventually
from tests.support.told_house import another_server, failed, start, text_generation, told_positions, written

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/v1/events"
ONE_LIFE = ["credits.changed", "generation.queued", "generation.started", "generation.succeeded", "asset.created", "credits.changed"]


async def test_everything_is_told_in_order_with_the_objects_as_they_were(house, alice):
    async with listening(house.client, PATH, alice.headers) as stream:
        begin = int(stream.response.headers["daybook-position"])
        generation_id, asset_id = await house.finished(alice)
        told = [await anext(stream.events) for _ in ONE_LIFE]
    assert [event.type for event in told] == ONE_LIFE
    assert ids(told) == [position for position in await told_positions(house, alice) if position > begin]
    held, queued, started, succeeded, stored, captured = [event.data["data"] for event in told]
    assert [queued["status"], started["status"], succeeded["status"]] == ["queued", "running", "succeeded"]
    assert (succeeded["assets"], stored["id"]) == ([stored], str(asset_id))
    balances = [
        await house.client.get("/v1/credits/balance", headers=alice.headers, params={"as_of_position": event.id})
        for event in told
        if event.type == "credits.changed"
    ]
    assert [held, captured] == [answer.json() for answer in balances]
    for path, shown in ((f"/v1/generations/{generation_id}", succeeded), (f"/v1/assets/{asset_id}", stored)):
        assert (await house.client.get(path, headers=alice.headers)).json() == shown
    deleted = await house.client.delete(f"/v1/assets/{asset_id}", headers=alice.headers)
    async with listening(house.client, PATH, alice.headers, last_event_id=told[-1].id) as stream:
        (gone,) = await stream.read(until="asset.deleted")
    assert (gone.id, gone.data["data"]["id"]) == (int(deleted.headers["daybook-position"]), str(asset_id))


async def test_nobody_hears_of_others(house, alice, bob):
    async with listening(house.client, PATH, alice.headers) as stream:
        await house.generation(bob)
        own = await house.generation(alice)
        await stream.read(until="credits.changed")
        queued = await anext(stream.events)
    assert queued.data["data"]["id"] == str(own)


async def test_a_token_hears_what_it_may_read(house, alice):
    _, headers = await house.api_token(alice, "generations:read")
    async with listening(house.client, PATH, headers) as stream:
        await house.finished(alice)
        told = await stream.read(until="generation.succeeded")
        generation_id = await house.generation(alice)
        await start(house, generation_id)
        told += await stream.read(until="generation.started")
    assert {event.type.partition(".")[0] for event in told} == {"generation"}
    assert [event.type.partition(".")[2] for event in told] == ["queued", "started", "succeeded", "queued", "started"]
    _, headers = await house.api_token(alice, "credits:read")
    assert (await house.client.get(PATH, headers=headers)).json()["code"] == "scope_missing"


async def test_an_account_that_runs_low_is_told_once_before_the_change_with_its_id(house):
    carol = await house.person(credits=25)
    async with listening(house.client, PATH, carol.headers) as stream:
        for _ in range(5):
            await house.generation(carol)
        told = [await anext(stream.events) for _ in range(11)]
    types = [event.type for event in told if event.type.startswith("credits")]
    assert types == ["credits.changed"] * 4 + ["credits.low", "credits.changed"]
    low, changed = told[-3:-1]
    assert (low.id, low.data["position"], low.data["data"]) == (None, changed.id, changed.data["data"])
    assert changed.data["data"]["available"] == 0


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "", "99999999999", "9" * 19])
async def test_an_id_that_is_none_is_refused(house, alice, last):
    answers = [
        await house.client.get(PATH, headers={**alice.headers, "Last-Event-ID": last}),
        await house.client.get(PATH, headers=alice.headers, params={"last_event_id": last}),
        await house.client.get(f"/v1/generations/{await house.generation(alice)}/events", headers={**alice.headers, "Last-Event-ID": last}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, "position_unknown")] * 3


async def test_the_header_wins_over_the_address_which_a_browser_keeps(house, alice):
    await house.generation(alice)
    *_, before, last = await told_positions(house, alice)
    async with listening(house.client, PATH, {**alice.headers, "Last-Event-ID": str(before)}, last_event_id=0) as stream:
        assert (await anext(stream.events)).id == last


async def test_a_stream_has_no_head(house, alice):
    for path in (PATH, f"/v1/generations/{await house.generation(alice)}/events"):
        refused = await house.client.head(path, headers=alice.headers)
        asked = await house.client.options(path)
        assert (refused.status_code, asked.headers["allow"]) == (405, "GET, OPTIONS")


@pytest.mark.parametrize("cuts", [40])
async def test_nothing_is_lost_or_doubled_however_often_the_line_is_cut(house, cuts):
    """Two servers; the client is cut off after a random number of events and goes on at either, while generations live and end."""
    chance = random.Random(4711)
    dora = await house.person(credits=10_000)
    begin = (await told_positions(house, dora))[-1]
    received = []
    async with another_server(house) as (_, other):
        for _ in range(cuts):
            base = chance.choice(["", other])
            last = received[-1] if received else begin
            async with listening(house.client, base + PATH, {**dora.headers, "Last-Event-ID": str(last)}) as stream:
                generation_id = await house.generation(dora)
                if chance.random() < 0.7:
                    await start(house, generation_id)
                    await failed(house, dora, generation_id)
                behind = [position for position in await told_positions(house, dora) if position > last]
                for _ in range(chance.randint(0, len(behind))):
                    received.append((await anext(stream.events)).id)
        async with listening(house.client, PATH, {**dora.headers, "Last-Event-ID": str(received[-1])}) as stream:
            due = [position for position in await told_positions(house, dora) if position > begin]
            while received[-1] < due[-1]:
                received.append((await anext(stream.events)).id)
    assert received == due


async def test_a_ticket_opens_one_stream_for_whoever_holds_it(house, alice):
    made = await house.client.post("/v1/stream-tickets", headers=alice.headers)
    ticket = made.json()["ticket"]
    lasts = datetime.fromisoformat(made.json()["expires_at"]) - house.platform.clock.now()
    assert (made.status_code, 50 < lasts.total_seconds() <= 60) == (201, True)
    async with listening(house.client, PATH, {}, ticket=ticket) as stream:
        await house.generation(alice)
        assert (await anext(stream.events)).type == "credits.changed"
    again = await house.client.get(PATH, params={"ticket": ticket})
    unknown = await house.client.get(PATH, params={"ticket": "made-up"})
    elsewhere = await house.client.get("/v1/generations", params={"ticket": ticket})
    assert [(answer.status_code, answer.json()["code"]) for answer in (again, unknown, elsewhere)] == [
        (401, "ticket_invalid"),
        (401, "ticket_invalid"),
        (401, "invalid_token"),
    ]


async def test_a_ticket_is_worth_what_its_credential_is_worth(house, alice):
    token_id, headers = await house.api_token(alice, "generations:read")
    tickets = [(await house.client.post("/v1/stream-tickets", headers=headers)).json()["ticket"] for _ in range(2)]
    async with listening(house.client, PATH, {}, ticket=tickets[0]) as stream:
        await house.generation(alice)
        assert (await anext(stream.events)).type == "generation.queued"
    await house.client.delete(f"/v1/api-tokens/{token_id}", headers=alice.headers)
    assert (await house.client.get(PATH, params={"ticket": tickets[1]})).status_code == 401


async def test_an_account_has_ten_streams_open_and_no_more_in_all_processes(house, alice, bob):
    async with AsyncExitStack() as stack:
        _, other = await stack.enter_async_context(another_server(house))
        streams = [await stack.enter_async_context(listening(house.client, PATH, alice.headers)) for _ in range(STREAMS_MAX)]
        refused = await house.client.get(PATH, headers=alice.headers)
        assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (429, "too_many_streams", 10)
        assert int(refused.headers["retry-after"]) >= 1
        assert (await house.client.get(other + PATH, headers=alice.headers)).status_code == 429
        metrics = (await house.client.get("/metrics")).text
        assert re.search(r"^daybook_streams_open(\{.*\})? 10\.0$", metrics, re.MULTILINE)
        async with listening(house.client, PATH, bob.headers):
            pass
        await streams[0].response.aclose()
        async with asyncio.timeout(10):
            while not await has_room(house, alice):
                """The place is free when the server has noticed."""


async def has_room(house, person):
    async with house.client.stream("GET", PATH, headers=person.headers) as answer:
        return answer.status_code == 200


async def test_a_stream_ends_with_its_credential(house, alice):
    soon = int(house.platform.clock.now().timestamp()) + 2
    async with listening(house.client, PATH, house.forged(alice, exp=soon)) as stream:
        assert await stream.rest() == []
    assert house.platform.clock.now().timestamp() >= soon


async def test_a_stream_ends_soon_after_its_session_and_says_in_between_that_it_is_there(house, alice, monkeypatch):
    monkeypatch.setattr(stream_module, "PING_SECONDS", 0.05)
    async with listening(house.client, PATH, alice.headers) as stream:
        rest = asyncio.create_task(stream.rest())
        await eventually(lambda: "ping" in stream.comments)
        await house.client.post("/v1/auth/logout", headers=alice.headers)
        assert await rest == []


async def test_streams_end_at_once_when_the_server_drains(house, alice):
    async with another_server(house) as (server, other), listening(house.client, other + PATH, alice.headers) as stream:
        begun = time.monotonic()
        stopping = asyncio.create_task(server.stop())
        assert await stream.rest() == []
        await stopping
    assert time.monotonic() - begun < 2


async def test_a_reader_who_does_not_read_is_closed_when_more_than_a_megabyte_waits(house, redis_url, alice):
    generation_id = await text_generation(house, alice)
    key = await house.platform.vault.key(alice.account_id)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
    said = 0
    async with (
        another_server(house, sock=listener) as (_, other),
        redis.asyncio.Redis.from_url(redis_url) as client,
        idle_reader(other, alice) as rest,
        listening(house.client, PATH, alice.headers) as busy,
    ):
        voice = RedisSaying(client).voice(generation_id, account_id=alice.account_id, attempt=1, key=key)
        while said < 2 << 20:
            voice.say("x" * 64_000)
            said += 64_000
            while (await busy.read(until="generation.text_delta"))[-1].data["data"]["offset"] + 16_000 < said:
                """The pieces of what was said come one after the other."""
        await voice.end()
        async with asyncio.timeout(20):
            received = await rest()
    assert len(received) < STREAM_WAITING_BYTES_MAX
    assert not received.endswith(b"0\r\n\r\n")


@asynccontextmanager
async def idle_reader(address, person):
    """A stream whose reader takes nothing of it, until he is asked for the rest by calling what is given."""
    loop, connection = asyncio.get_running_loop(), socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.setblocking(False)
    with closing(connection):
        await loop.sock_connect(connection, ("127.0.0.1", int(address.rpartition(":")[2])))
        lines = [f"GET {PATH} HTTP/1.1", "Host: daybook.test", f"Authorization: {person.headers['Authorization']}", "", ""]
        await loop.sock_sendall(connection, "\r\n".join(lines).encode())
        assert await loop.sock_recv(connection, 15) == b"HTTP/1.1 200 OK"

        async def rest():
            found = b""
            with suppress(ConnectionResetError):
                while chunk := await loop.sock_recv(connection, 65_536):
                    found += chunk
            return found

        yield rest


async def test_what_was_bought_is_told_as_it_is_shown(house, alice):
    async with listening(house.client, PATH, alice.headers) as stream:
        bought = await house.client.post("/v1/credits/purchases", headers=alice.headers, json={"package": "starter"})
        order = f"/v1/credits/purchases/{bought.json()['id']}"
        await house.client.post(f"{order}/pay", headers=alice.headers, json={})
        told = await stream.read(until="purchase.paid")
        subscribed = await house.client.post("/v1/subscriptions", headers=alice.headers, json={"plan": "premium"})
        subscription = f"/v1/subscriptions/{subscribed.json()['id']}"
        await house.client.post(f"{subscription}/cancel", headers=alice.headers, json={})
        told += await stream.read(until="subscription.updated")
    shown = [(await house.client.get(path, headers=alice.headers)).json() for path in (order, subscription)]
    assert [event.data["data"] for event in told if event.type in ("purchase.paid", "subscription.updated")] == shown
    assert "credits.changed" in [event.type for event in told]


@pytest.mark.parametrize("page", [1, 3, reader.PAGE_EVENTS])
async def test_every_teller_says_the_same_of_the_same_position_in_whatever_order_he_is_asked(house, monkeypatch, page):
    monkeypatch.setattr(reader, "PAGE_EVENTS", page)
    erin = await house.person(credits=25)
    for _ in range(4):
        await house.finished(erin)
    await house.client.post("/v1/generations", headers=erin.headers, json={"kind": "image", "prompt": "a cat"})
    events = await house.platform.journal.of_account(erin.account_id, STREAMED, after=0, limit=100)
    ports = {name: getattr(house.platform, name) for name in ("journal", "reads", "vault", "public_url")}
    there, back = LogRendering(**ports), LogRendering(**ports)
    forward = [await there.payloads(event) for event in events]
    backward = [await back.payloads(event) for event in reversed(events)]
    assert forward == backward[::-1]
    assert [payload.type for told in forward for payload in told].count("credits.low") == 1
    assert len(events) > 20


async def test_a_long_output_is_left_out_where_it_would_be_too_much(house, alice):
    generation_id = await text_generation(house, alice)
    await written(house, alice, generation_id, "x" * 100)
    *_, event = [each for each in await house.platform.journal.stream(generation_id) if each.topic in STREAMED]
    rendering = house.platform.telling.rendering
    told = [(await rendering.payloads(event, output_bytes_max=most))[0].body for most in (None, 200, 100)]
    assert [json.loads(body)["data"]["output"] is None for body in told] == [False, False, True]


async def test_whoever_comes_back_after_a_restore_that_lost_something_reads_everything_anew(house, alice, bob):
    """Last in this file: the log it leaves has been restored. Positions after the loss are used again, for others."""
    await house.generation(alice)
    missed = (await told_positions(house, alice))[-1]
    lost_from = await house.platform.journal.head() + 1
    async with house.platform.reads.connection() as connection:
        await begin(connection, Incarnation(2, lost_from))
    restored = await house.execute(RecordRestore(lost_from=lost_from, incarnation=2))
    await house.generation(bob)
    of_somebody_else = (await told_positions(house, bob))[-1]
    beyond_the_log = await house.platform.journal.head() + 100
    for last in (missed, of_somebody_else, beyond_the_log):
        async with listening(house.client, PATH, alice.headers, last_event_id=last) as stream:
            (told,) = await stream.read(until="reload")
        assert (told.data["type"], told.data["data"], told.id) == ("reload", None, restored.position)
    async with listening(house.client, PATH, alice.headers, last_event_id=told.id) as stream:
        generation_id = await house.generation(alice)
        first, queued = [await anext(stream.events) for _ in range(2)]
    assert (first.type, queued.data["data"]["id"]) == ("credits.changed", str(generation_id))
    async with listening(house.client, PATH, alice.headers, last_event_id=first.id) as stream:
        assert (await anext(stream.events)).id == queued.id
    path = f"/v1/generations/{generation_id}/events"
    async with listening(house.client, path, alice.headers, last_event_id=of_somebody_else) as stream:
        assert [event.type for event in await stream.read(until="snapshot")] == ["snapshot"]
