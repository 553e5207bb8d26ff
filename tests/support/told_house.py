"""A house whose generations live and end by hand, for tests of what is told of them."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from api.app import create_app
from api.server import Server
from domain.generations.commands import FailGeneration, RequestGeneration, StartGeneration, SucceedGeneration
from domain.telling.names import STREAMED
from tests.support.api_house import House, Person

#: Adds a topic's own name to what may be told of a position.
TOLD_AS = "SELECT position, topic FROM journal.events WHERE account_id = %(account_id)s ORDER BY position"


async def text_generation(house: House, person: Person, *, started: bool = True) -> UUID:
    """A text of *person* that is being written, in its first attempt."""
    generation_id = house.platform.ids.new()
    key = await house.platform.vault.key(person.account_id)
    values: dict[str, Any] = {"sealed": key.seal('{"prompt":"a story","tags":[]}'), "params": {"stream": True, "max_tokens": 100}}
    await house.execute(
        RequestGeneration(
            generation_id=generation_id,
            account_id=person.account_id,
            kind="text",
            model="builtin/writer-1",
            provider="builtin",
            queue="text",
            inputs=[],
            tag_index=[],
            priority="normal",
            quoted=5,
            price_version=1,
            on_cancel="free",
            run_at=None,
            start_deadline=None,
            deadline=datetime.now(UTC) + timedelta(hours=1),
            **values,
        )
    )
    if started:
        await start(house, generation_id)
    return generation_id


async def start(house: House, generation_id: UUID) -> None:
    await house.execute(StartGeneration(generation_id=generation_id, worker="test"))


async def written(house: House, person: Person, generation_id: UUID, text: str, *, attempt: int = 1) -> None:
    """The text is done."""
    key = await house.platform.vault.key(person.account_id)
    output = key.seal(msgspec.json.encode({"text": text, "finish_reason": "stop"}).decode())
    ended: dict[str, Any] = {"generation_id": generation_id, "account_id": person.account_id, "attempt": attempt, "worker": "test"}
    await house.execute(SucceedGeneration(**ended, assets=[], price=5, usage={"token": 9}, sealed_output=output))


async def failed(house: House, person: Person, generation_id: UUID) -> None:
    why: dict[str, Any] = {"code": "provider_error", "message": "It broke.", "retryable": True}
    await house.execute(FailGeneration(generation_id=generation_id, account_id=person.account_id, attempt=1, **why))


async def told_positions(house: House, person: Person) -> list[int]:
    """The positions of all that may be told to *person*, from the log itself."""
    async with house.platform.reads.connection() as connection:
        rows = await (await connection.execute(TOLD_AS, {"account_id": person.account_id})).fetchall()
    return [position for position, topic in rows if topic in STREAMED]


@asynccontextmanager
async def another_server(house: House, *, sock: Any = None):
    """A second server of the same house, which may be stopped on its own; its address."""
    server = Server(create_app(house.platform))
    port = await (server.start(sock=sock) if sock is not None else server.start(host="127.0.0.1", port=0))
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        if not server.stopped:
            await server.stop()
