"""A few tiny routes on which the manners of the kit are shown."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType, field

from api.kit.answer import Answer, accepted, created, ok
from api.kit.call import Call
from api.kit.permission import ANYONE, OPERATOR, PUBLIC, SESSION, scope
from api.kit.refusals import NotFound
from api.kit.route import Limit, Route
from api.kit.shapes import Body, Id, ListQuery, Query, Shown, When
from domain.kernel.commands import Command, Receipt
from domain.kernel.refusals import Unpaid, Unprocessable


class MakeThing(Command, frozen=True):
    name: str


class InsufficientCredits(Unpaid):
    detail = "{missing} credits are missing."
    shown = ("required", "available", "missing")


class NameRefused(Unprocessable):
    detail = "This name is not taken."


class Thing(Shown):
    id: UUID
    name: str
    progress: float = 0.0
    queue_position: int | None = None


class NewThing(Body):
    name: Annotated[str, Meta(min_length=1, max_length=20)]
    counts: dict[str, Annotated[int, Meta(ge=0, le=10)]] = field(default_factory=dict)
    parts: list["Part"] = field(default_factory=list)
    owner: Id | None = None
    due: When | None = None


class Part(Body):
    size: int


class Patch(Body):
    name: str | UnsetType | None = UNSET


class ListThings(ListQuery):
    status: list[str] = field(default_factory=list)
    big: bool | None = None


class Flags(Query):
    redirect: bool = True


class Batch(Body):
    items: list[int]


#: How far a thing is; a test moves it.
PROGRESS = 0.5
#: Names that are refused from now on; a test adds to it.
NEWLY_REFUSED: set[str] = set()
THING = UUID("01936b2e-0000-7000-8000-000000000001")


async def make(call: Call, body: NewThing) -> Answer:
    if body.name == "refused" or body.name in NEWLY_REFUSED:
        raise NameRefused()
    if body.name == "poor":
        raise InsufficientCredits(required=5, available=2, missing=3)
    return await call.execute(MakeThing(name=body.name), status=202, secret="dbk_secret")


async def made(call: Call, receipt: Receipt) -> Answer:
    return accepted({"id": str(THING), "position": receipt.position, "secret": call.secret}, f"/v1/things/{THING}")


async def show(call: Call, id: UUID) -> Answer:
    if id != THING:
        raise NotFound()
    return ok(Thing(id=id, name="one", progress=PROGRESS))


async def rename(call: Call, id: UUID, body: Patch) -> Answer:
    return ok({"name": None if body.name is UNSET else body.name, "absent": body.name is UNSET})


async def listed(call: Call, query: ListThings) -> Answer:
    start = call.after[0] if call.after else 0
    rows = list(range(start, start + query.limit))
    return call.page(rows, next_key=[start + query.limit] if start + query.limit < 60 else None)


async def read(call: Call) -> Answer:
    return ok({"seen": call.seen, "behind": call.behind})


async def flags(call: Call, query: Flags) -> Answer:
    return ok({"redirect": query.redirect})


async def big(call: Call) -> Answer:
    return ok({"text": "word " * 1000})


async def broken(call: Call) -> Answer:
    raise RuntimeError("postgresql://user:hunter2@host/ is the secret")


async def away(call: Call) -> Answer:
    raise ConnectionRefusedError("10.0.0.1")


async def login(call: Call, body: Patch) -> Answer:
    if body.name != "right":
        raise NameRefused()
    return ok({})


async def batch(call: Call, body: Batch) -> Answer:
    return created({"items": len(body.items)}, "/v1/batches/1")


async def waits(call: Call) -> Answer:
    done = await call.wait(asyncio.sleep(30, result=True), call.prefer_wait or 0)
    return ok({"done": done})


async def stream(call: Call) -> Answer:
    async def send(response: Any) -> None:
        for number in range(3):
            await response.send(f"{number}\n")

    return Answer(200, content_type="text/plain", stream=send)


def size(body: Batch) -> int:
    return len(body.items)


TINY = [
    Route("POST /v1/login", login, PUBLIC, limits=[Limit("auth", by=lambda call, body: "mail", counts="refused")]),
    Route("GET /v1/away", away, PUBLIC),
    Route(
        "POST /v1/batches", batch, scope("generations:write"), {201: None}, limits=[Limit("generations", cost=lambda body: len(body.items))]
    ),
    Route("GET /v1/big", big, PUBLIC),
    Route("GET /v1/broken", broken, PUBLIC),
    Route("GET /v1/flags", flags, ANYONE),
    Route("GET /v1/free", big, PUBLIC, free=True),
    Route("GET /v1/operators", big, OPERATOR),
    Route("GET /v1/reads", read, ANYONE, reads="things"),
    Route("GET /v1/sessions", big, SESSION),
    Route("GET /v1/stream", stream, PUBLIC),
    Route("GET /v1/things", listed, scope("generations:read")),
    Route("POST /v1/things", make, scope("generations:write"), {202: None}, render=made, limits=[Limit("generations")]),
    Route("GET /v1/things/{id}", show, scope("generations:read"), {200: Thing}, etag=True),
    Route("PATCH /v1/things/{id}", rename, scope("generations:write")),
    Route("GET /v1/waits", waits, ANYONE, waits=True),
]
