"""What people look at, and what they do to what they have."""

import hashlib
from typing import Any

from tests.soak.book import Account, Generation
from tests.soak.client import Person, Turn
from tests.soak.submitting import GENERATIONS
from tests.support.protocol_server import PIXEL

LEDGER_PAGE = 100


def mine(turn: Turn) -> Person:
    assert turn.person is not None
    return turn.person


def some(turn: Turn, *, final: bool | None = None) -> Generation | None:
    """One of the person's latest generations, mostly of the very last."""
    recent = mine(turn).recent
    for _ in range(8):
        if not recent:
            break
        found = recent[-1 - min(int(turn.chance.expovariate(1 / 12)), len(recent) - 1)]
        if not found.deleting and final in (None, found.final):
            return found
    return None


async def look(turn: Turn) -> None:
    generation = some(turn)
    if generation is None:
        return
    answer = await turn.ask("GET", f"{GENERATIONS}/{generation.id}", *one_of(200, generation), reads=True)
    if answer is not None and answer.status == 200:
        turn.saw(answer.json)


def one_of(status: int, generation: Generation) -> tuple[int, ...]:
    """*status*; and 404, when its owner may delete it meanwhile. Which of both is checked when it has been deleted."""
    return (status, 404) if generation.final else (status,)


async def look_at_deleted(turn: Turn) -> None:
    for generation in mine(turn).recent:
        if generation.deleted:
            await turn.ask("GET", f"{GENERATIONS}/{generation.id}", 404)
            return


async def look_at_anothers(turn: Turn) -> None:
    """Somebody else's is as if it were not there."""
    other = turn.chance.choice(turn.client.people)
    if other is mine(turn) or not other.recent:
        return
    generation = turn.chance.choice(other.recent)
    method, path = turn.chance.choice((("GET", ""), ("GET", "/timeline"), ("POST", "/cancel"), ("DELETE", "")))
    await turn.ask(method, f"{GENERATIONS}/{generation.id}{path}", 404)


async def list_some(turn: Turn) -> None:
    """A page and the next one, or those of one status."""
    if turn.chance.random() < 0.3:
        status = turn.chance.choice(("succeeded", "failed", "canceled", "running"))
        data = await page(turn, f"{GENERATIONS}?limit=20&status={status}")
        if data is not None:
            turn.expect(all(each["status"] == status for each in data["data"]), f"a list of {status} has others")
        return
    first = await page(turn, f"{GENERATIONS}?limit=20")
    if first is None or first["next_cursor"] is None:
        return
    second = await page(turn, f"{GENERATIONS}?limit=20&cursor={first['next_cursor']}")
    if second is not None:
        ids = [each["id"] for each in first["data"] + second["data"]]
        turn.expect(len(set(ids)) == len(ids), "two pages show the same")


async def page(turn: Turn, path: str) -> dict[str, Any] | None:
    answer = await turn.ask("GET", path, 200, reads=True)
    if answer is None:
        return None
    found: dict[str, Any] = answer.json
    for each in found["data"]:
        turn.saw(each)
    return found


async def read_timeline(turn: Turn) -> None:
    generation = some(turn)
    if generation is None:
        return
    answer = await turn.ask("GET", f"{GENERATIONS}/{generation.id}/timeline", *one_of(200, generation))
    if answer is None or answer.status != 200:
        return
    events = answer.json["data"]
    positions, types = [each["position"] for each in events], [each["type"] for each in events]
    turn.expect(positions == sorted(positions), f"a timeline goes back: {positions}")
    turn.expect(types[0] in ("generation.queued", "generation.scheduled", "generation.requested"), f"a timeline begins with {types[0]}")
    ends = [each for each in types if each in ("generation.succeeded", "generation.failed", "generation.canceled")]
    turn.expect(len(ends) <= 1, f"a timeline has {ends}")
    if generation.final:
        turn.expect(ends == [f"generation.{generation.status}"], f"{generation.id} is {generation.status}, its timeline has {ends}")


async def cancel(turn: Turn) -> None:
    generation = some(turn)
    if generation is None:
        return
    ended = generation.status if generation.final else None
    statuses = {None: (200, 202, 409), "canceled": (200,), "succeeded": (409,), "failed": (409,)}[ended]
    statuses = (*statuses, 404) if generation.final else statuses
    generation.cancel_asked = True
    answer = await turn.ask("POST", f"{GENERATIONS}/{generation.id}/cancel", *statuses, key=turn.client.key())
    if answer is None or answer.status in (404, 409):
        return
    said = answer.json
    turn.expect((answer.status == 200) == (said["status"] == "canceled"), f"{answer.status} and {said['status']}")
    turn.expect(answer.status == 200 or said["cancel_requested_at"] is not None, "202 without cancel_requested_at")
    turn.saw(said)


async def delete(turn: Turn) -> None:
    generation = some(turn, final=True)
    if generation is None:
        return
    generation.deleting = True
    if await turn.ask("DELETE", f"{GENERATIONS}/{generation.id}", 204, key=turn.client.key()) is not None:
        generation.deleted = True
        await turn.ask("GET", f"{GENERATIONS}/{generation.id}", 404, measured=False)


async def read_balance(turn: Turn) -> None:
    account = mine(turn).account
    floor, granted = account.balance_position, account.granted
    answer = await turn.ask("GET", "/v1/credits/balance", 200, reads=True)
    if answer is not None:
        floor, granted = (0, 0) if turn.behind else (floor, granted)
        turn.book.saw_balance(account, answer.json, floor=floor, granted=granted, request_id=turn.request_id)


async def read_ledger(turn: Turn, *, pages: int = 3) -> bool:
    """The ledger goes on being read where it was left; whether its end was reached."""
    person = mine(turn)
    if person.reading:
        return False
    person.reading = True
    try:
        for _ in range(pages):
            cursor = f"&cursor={person.ledger_cursor}" if person.ledger_cursor else ""
            answer = await turn.ask("GET", f"/v1/credits/history?order=asc&limit={LEDGER_PAGE}{cursor}", 200, reads=True)
            if answer is None:
                return False
            said = answer.json
            enter(turn, person.account, said["data"])
            if said["next_cursor"] is None:
                return True
            person.ledger_cursor = said["next_cursor"]
        return False
    finally:
        person.reading = False


def enter(turn: Turn, account: Account, entries: list[dict[str, Any]]) -> None:
    read_to = account.ledger_position
    for entry in entries:
        if entry["position"] > read_to:
            turn.book.saw_entry(account, entry, request_id=turn.request_id)


async def read_usage(turn: Turn) -> None:
    """It counts at least what was known when it was asked for."""
    account = mine(turn).account
    known, requested = dict(account.counts), len(account.open) + sum(account.counts.values())
    answer = await turn.ask("GET", f"/v1/me/usage?group_by={turn.chance.choice(('day', 'kind', 'model'))}", 200, reads=True)
    if answer is not None and not turn.behind:
        data = answer.json["data"]
        said = {name: sum(each[name] for each in data) for name in ("requested", "succeeded", "failed", "canceled")}
        turn.expect(said["requested"] >= requested, f"usage counts {said}, {requested} were asked for")
        turn.expect(all(said[name] >= count for name, count in known.items()), f"usage counts {said}, known are {known}")


async def read_statistics(turn: Turn) -> None:
    answer = await turn.ask("GET", "/v1/me/statistics", 200, reads=True)
    if answer is not None:
        said = answer.json
        turn.expect(sum(said["by_status"].values()) == said["generations"], f"statistics do not add up: {said}")


async def read_models(turn: Turn) -> None:
    answer = await turn.ask("GET", "/v1/models", 200)
    if answer is not None:
        turn.expect("soak/parked" in {each["id"] for each in answer.json["data"]}, "a model is missing")


async def read_myself(turn: Turn) -> None:
    """With its ETag, which is as good the second time."""
    person = mine(turn)
    answer = await turn.ask("GET", "/v1/me", 200, reads=True)
    if answer is not None:
        turn.expect(answer.json["id"] == person.account.id, "somebody else's account")
        await turn.ask("GET", "/v1/me", 200, 304, headers={"If-None-Match": answer.headers["etag"]}, measured=False)


async def upload(turn: Turn) -> None:
    """One pixel."""
    edge = "soak-edge"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="pixel.png"\r\nContent-Type: image/png\r\n\r\n'
    sent = head.encode() + PIXEL + f"\r\n--{edge}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    answer = await turn.ask("POST", "/v1/assets", 201, sent=sent, headers=headers, key=turn.client.key())
    if answer is not None:
        said = answer.json
        turn.expect(said["sha256"] == hashlib.sha256(PIXEL).hexdigest() and said["bytes"] == len(PIXEL), "other bytes were uploaded")
        mine(turn).uploads.append((said["id"], said["sha256"]))


async def fetch(turn: Turn) -> None:
    """The bytes of an upload or of a result, by its signed link."""
    uploads = mine(turn).uploads
    if not uploads:
        return
    asset, sha256 = turn.chance.choice(uploads)
    answer = await turn.ask("GET", f"/v1/assets/{asset}/content?redirect=false", 200, reads=True)
    if answer is None:
        return
    path = "/" + answer.json["url"].split("/", 3)[3]
    found = await turn.ask("GET", path, 200, measured=False)
    if found is not None:
        turn.expect(hashlib.sha256(found.body).hexdigest() == sha256, "other bytes than were stored")


async def list_assets(turn: Turn) -> None:
    answer = await turn.ask("GET", "/v1/assets?limit=10", 200, reads=True)
    if answer is not None:
        ids = [each["id"] for each in answer.json["data"]]
        turn.expect(len(set(ids)) == len(ids), "a list of assets shows one twice")
