"""Who is there before the load: endpoints of webhooks, streams, a schedule; and what goes on beside it."""

import asyncio
import time

from tests.soak.client import Client, Person
from tests.soak.people import RENEW_SECONDS, renew
from tests.soak.receiver import Endpoint, Receiver
from tests.soak.stream import StreamReader
from tests.soak.town import PRICES

ENDPOINTS, STREAMS = 3, 2
EVENTS = ["generation.canceled", "generation.failed", "generation.queued", "generation.succeeded"]


async def endpoints(client: Client, receiver: Receiver, port: int) -> None:
    for number, person in enumerate(client.people[:ENDPOINTS]):
        path = f"/told/{number}"
        body = {"url": f"http://127.0.0.1:{port}{path}", "events": EVENTS}
        answer = await client.turn(person, "endpoint").ask("POST", "/v1/webhook-endpoints", 201, body=body, key=client.key())
        assert answer is not None, client.book.differences
        receiver.endpoints[path] = Endpoint(answer.json["secret"], person.account.id)


async def own_url(client: Client, receiver: Receiver, port: int) -> Person:
    """Who names a `webhook_url` with some of what he asks for; signed with a secret of his account."""
    person, path = client.people[ENDPOINTS + 1], "/told/own"
    answer = await client.turn(person, "endpoint").ask("POST", "/v1/webhook-secret", 201, key=client.key())
    assert answer is not None, client.book.differences
    receiver.endpoints[path] = Endpoint(answer.json["secret"], person.account.id)
    person.own_url = f"http://127.0.0.1:{port}{path}"
    return person


async def schedule(client: Client) -> Person:
    """Something every minute."""
    person, model = client.people[ENDPOINTS], "soak/brief"
    wanted = {"kind": "image", "prompt": "every minute", "model": model, "params": {"size": "64x64"}}
    body = {"generation": wanted, "cron": "* * * * *"}
    answer = await client.turn(person, "schedule").ask("POST", "/v1/schedules", 201, body=body, key=client.key())
    assert answer is not None, client.book.differences
    person.schedule, person.schedule_price = answer.json["id"], PRICES[model]
    return person


async def end_schedule(client: Client, person: Person) -> int:
    """It asks for nothing more; how often it did."""
    turn = client.turn(person, "schedule")
    answer = await turn.ask("PATCH", f"/v1/schedules/{person.schedule}", 200, body={"paused": True})
    return 0 if answer is None else int(answer.json["runs"])


async def streams(client: Client, port: int) -> tuple[list[StreamReader], list["asyncio.Task[None]"]]:
    readers = [StreamReader(client.book, person, port) for person in client.people[:STREAMS]]
    tasks = [asyncio.create_task(reader.run()) for reader in readers]
    for reader in readers:
        await asyncio.wait_for(reader.began.wait(), 20)
    return readers, tasks


async def keep_sessions(client: Client) -> None:
    """Until it is canceled, everybody renews his session in time, not all at once."""
    while True:
        await asyncio.sleep(2)
        now = time.monotonic()
        for number, person in enumerate([client.operator, *client.people]):
            if person is not None and now - person.issued_at > RENEW_SECONDS + 5 * (number % 30):
                await renew(client.turn(person, "refresh"))
