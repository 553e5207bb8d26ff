"""What is asked for, and what must follow from it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.soak.client import Person, Submission, Turn
from tests.soak.town import PRICES
from tests.soak.vendor import PERMANENT, TRANSIENT

BUILTIN, BUILTIN_PRICE = "builtin/sketch-1", 5
SUCCEEDS, FAILS = ("succeeded", "canceled"), ("failed", "canceled")
GENERATIONS = "/v1/generations"
#: Of the submits of a person who has an address for it.
OWN_URL_SHARE = 0.3
IMAGE: dict[str, Any] = {"kind": "image", "params": {"size": "64x64"}}


class Ask:
    """A submission as it is sent, its price, and how it may end."""

    def __init__(self, model: str, prompt: str, *, may_end: tuple[str, ...] = SUCCEEDS, **more: Any) -> None:
        self.body = {**IMAGE, "model": model, "prompt": prompt, **more}
        self.price = BUILTIN_PRICE if model == BUILTIN else PRICES[model]
        self.may_end = may_end


def later(turn: Turn) -> Ask:
    run_at = datetime.now(UTC) + timedelta(seconds=turn.chance.uniform(1, 5))
    return Ask("soak/at-once", "later", run_at=run_at.isoformat().replace("+00:00", "Z"))


def tagged(turn: Turn) -> Ask:
    return Ask("soak/at-once", "a lighthouse", tags=["lights"], priority=turn.chance.choice(("low", "normal", "high")))


#: Weight -> what is asked for. A prompt has a number of its own, so that the vendor knows it again.
ASKS: list[tuple[float, Callable[[Turn], Ask]]] = [
    (40, lambda turn: Ask("soak/at-once", f"a boat {turn.client.key()}")),
    (10, tagged),
    (25, lambda turn: Ask("soak/brief", "a brief boat")),
    (8, lambda turn: Ask("soak/slow", "a slow boat")),
    (6, lambda turn: Ask("soak/vendor", f"a vendor's boat {turn.client.key()}")),
    (1, lambda turn: Ask("soak/vendor", f"{TRANSIENT} {turn.client.key()}")),
    (3, lambda turn: Ask("soak/vendor", f"{PERMANENT} {turn.client.key()}", may_end=FAILS)),
    (3, lambda turn: Ask("soak/parked", "a boat that is parked")),
    (1, lambda turn: Ask(BUILTIN, "a boat at dusk")),
    (3, later),
]


def wanted(turn: Turn) -> Ask:
    weights = [weight for weight, _ in ASKS]
    return turn.chance.choices([make for _, make in ASKS], weights)[0](turn)


async def submit(turn: Turn) -> None:
    person, ask, key = turn.person, wanted(turn), turn.client.key()
    assert person is not None
    told = person.own_url is not None and turn.chance.random() < OWN_URL_SHARE
    body = {**ask.body, "webhook_url": person.own_url} if told else ask.body
    answer = await turn.ask("POST", GENERATIONS, 202, body=body, key=key)
    if answer is None:
        return
    said = answer.json
    if told:
        person.told_of.add(said["id"])
    generation = turn.book.accepted(person.account.id, said, quoted=ask.price, request_id=turn.request_id, may_end=ask.may_end)
    turn.expect(answer.headers.get("location", "").endswith(f"/v1/generations/{generation.id}"), "Location names another")
    turn.expect(said["model"] == ask.body["model"] and said["prompt"] == ask.body["prompt"], "something else was accepted")
    turn.expect("idempotency-replayed" not in answer.headers, "a new key is answered as a repeat")
    person.recent.append(generation)
    person.submissions.append(Submission(key, body, answer.body, generation))


async def submit_and_wait(turn: Turn) -> None:
    """`Prefer: wait`: final in time, or accepted."""
    person, ask = turn.person, Ask("soak/brief", "waited for")
    assert person is not None
    answer = await turn.ask("POST", GENERATIONS, 201, 202, body=ask.body, key=turn.client.key(), headers={"Prefer": "wait=20"})
    if answer is not None:
        said = answer.json
        turn.expect((answer.status == 201) == (said["status"] not in ("queued", "running", "scheduled")), "201 and not final")
        person.recent.append(turn.book.accepted(person.account.id, said, quoted=ask.price, request_id=turn.request_id, may_end=ask.may_end))


async def repeat(turn: Turn) -> None:
    """An earlier key again: the same bytes as the first time, and nothing is asked for twice."""
    earlier = _earlier(turn)
    if earlier is None:
        return
    answer = await turn.ask("POST", GENERATIONS, 202, body=earlier.sent, key=earlier.key)
    if answer is not None:
        turn.expect(answer.headers.get("idempotency-replayed") == "true", "a repeat does not say that it is one")
        turn.expect(answer.body == earlier.answered, f"a repeat says other than the first answer: {answer.body!r}, {earlier.answered!r}")


async def misuse_a_key(turn: Turn) -> None:
    """Another body under an earlier key."""
    earlier = _earlier(turn)
    if earlier is not None:
        sent = {**earlier.sent, "prompt": "something else"}
        await turn.ask("POST", GENERATIONS, 422, body=sent, key=earlier.key, code="idempotency_key_reused")


def _earlier(turn: Turn) -> Submission | None:
    assert turn.person is not None
    return turn.chance.choice(turn.person.submissions) if turn.person.submissions else None


async def batch(turn: Turn) -> None:
    """All or nothing."""
    person, asks = turn.person, [Ask("soak/at-once", "one of several"), Ask("soak/brief", "another"), Ask("soak/slow", "the third")]
    assert person is not None
    body = {"generations": [ask.body for ask in asks]}
    answer = await turn.ask("POST", f"{GENERATIONS}/batch", 202, body=body, key=turn.client.key())
    if answer is None:
        return
    said = answer.json["generations"]
    turn.expect([each["model"] for each in said] == [ask.body["model"] for ask in asks], "a batch answers other models")
    for ask, each in zip(asks, said, strict=True):
        person.recent.append(turn.book.accepted(person.account.id, each, quoted=ask.price, request_id=turn.request_id, may_end=ask.may_end))


async def estimate(turn: Turn) -> None:
    ask = wanted(turn)
    answer = await turn.ask("POST", f"{GENERATIONS}/estimate", 200, body=ask.body)
    if answer is not None:
        turn.expect(answer.json["credits"] == ask.price, f"{ask.body['model']} is estimated at {answer.json['credits']}")


async def submit_without_credits(turn: Turn) -> None:
    """By whoever has less than it costs, and may have spent what he had."""
    poor: Person = turn.client.people[-1]
    turn.person = poor
    body = {**Ask("soak/slow", "too dear").body, "params": {"size": "64x64", "count": 4}}
    answer = await turn.ask("POST", GENERATIONS, 402, body=body, key=turn.client.key(), code="insufficient_credits")
    if answer is not None:
        said = answer.json
        turn.expect(said["required"] == 28 and said["missing"] == said["required"] - said["available"], f"402 says {said}")


#: What is wrong, the status, and the problem's code.
BAD: list[tuple[bytes, int, str]] = [
    (b'{"kind":"image","prompt":', 400, "malformed_json"),
    (b'{"kind":"image","prompt":"a","prompt":"b"}', 400, "malformed_json"),
    (b'{"kind":"image","prompt":"a","surprise":1}', 422, "validation_failed"),
    (b'{"kind":"statue","prompt":"a"}', 422, "validation_failed"),
    (b'{"kind":"image","prompt":"a","params":{"size":"1x1"}}', 422, "params_refused"),
    (b'{"kind":"image","prompt":"a","model":"nobody/knows"}', 422, "model_not_found"),
    (b'"a text"', 422, "validation_failed"),
]


async def submit_nonsense(turn: Turn) -> None:
    sent, status, code = turn.chance.choice(BAD)
    await turn.ask("POST", GENERATIONS, status, sent=sent, key=turn.client.key(), code=code)
