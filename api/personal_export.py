"""`GET /v1/me/export`: one JSON document, written part by part while it is read, so it may be of any size."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from api.accounts import shown_me
from api.kit.answer import Answer
from api.kit.call import Call
from api.kit.shapes import moment
from api.personal_parts import SECTIONS
from api.reading import read_account
from api.shapes.credits import shown_balance
from domain.credits.refusals import CreditAccountNotFound
from projections.credits.balances import latest_balance_of

FORMAT = "daybook-personal-export/1"
#: Written at once.
CHUNK_BYTES = 64 * 1024
Send = Callable[[bytes], Awaitable[Any]]
_ENCODE = msgspec.json.Encoder().encode


async def export(call: Call) -> Answer:
    """Everything we hold of you, opened: profile, tokens, work, files, book, sessions, and every fact of the log about you."""
    first = {
        "format": FORMAT,
        "exported_at": moment(call.now),
        "account": await shown_me(call, await read_account(call, call.account_id)),
        "balance": await _balance(call),
    }
    headers = {"content-disposition": 'attachment; filename="daybook-export.json"'}
    if call.request.method == "HEAD":
        return Answer(200, headers={**headers, "content-type": "application/json"})

    async def send(response: Any) -> None:
        await _write(call, first, response.send)

    return Answer(200, headers=headers, content_type="application/json", stream=send)


async def _balance(call: Call) -> Struct:
    async with call.platform.reads.connection() as connection:
        row = await latest_balance_of(connection, call.account_id)
    if row is None:
        raise CreditAccountNotFound()
    return shown_balance(row)


async def _write(call: Call, first: dict[str, Any], send: Send) -> None:
    """The head, then each section in turn: nothing is held longer than a page."""
    waiting = bytearray(_ENCODE(first)[:-1])
    for name, section in SECTIONS.items():
        waiting += b"," + _ENCODE(name) + b":["
        async for piece in _separated(section(call)):
            waiting += piece
            if len(waiting) >= CHUNK_BYTES:
                await send(bytes(waiting))
                waiting.clear()
        waiting += b"]"
    await send(bytes(waiting) + b"}\n")


async def _separated(items: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    comma = b""
    async for item in items:
        yield comma + _ENCODE(item)
        comma = b","
