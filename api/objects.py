"""Serving the directory store's signed URLs: whole or in ranges, as long as the link lives."""

import asyncio
import os
import re
from io import FileIO
from typing import Annotated, Any

from msgspec import Meta

from api.kit.answer import Answer
from api.kit.call import Call
from api.kit.etags import matches
from api.kit.refusals import NotFound, RangeUnsatisfiable
from api.kit.shapes import Query
from domain.assets.storage import ObjectMissing, SignedObject

BLOCK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
Text = Annotated[str, Meta(max_length=1_000)]


class SignedQuery(Query):
    """All of it is signed."""

    content_type: Text = ""
    expires: Text = ""
    filename: Text | None = None
    signature: Text = ""


async def serve(call: Call, key: str, query: SignedQuery) -> Answer:
    """The bytes that a signed link stands for. The link is the permission."""
    serving = call.platform.serving
    if serving is None:
        raise NotFound()
    found = await serving.verify(key, call.filters, now=call.now)
    headers = {
        "accept-ranges": "bytes",
        "cache-control": f"private, max-age={found.max_age_seconds}, immutable",
        "content-disposition": found.content_disposition,
        "etag": found.etag,
    }
    asked = call.request.headers
    if (known := asked.getone("if-none-match", None)) is not None and matches(known, found.etag, weak=True):
        return Answer(304, headers=headers)
    span = _span(asked, found)
    first, last = span or (0, found.bytes - 1)
    headers["content-length"] = str(last - first + 1)
    if span is not None:
        headers["content-range"] = f"bytes {first}-{last}/{found.bytes}"
    status = 206 if span else 200
    if call.request.method == "HEAD":
        # Sanic cannot end a stream that sends nothing.
        return Answer(status, headers={**headers, "content-type": found.content_type})

    # Opened before the answer begins: a file that is deleted meanwhile is still sent whole.
    file = await asyncio.to_thread(_opened, found.path)

    async def send(response: Any) -> None:
        with file:
            await _send(response, file, first, last)

    return Answer(status, headers=headers, content_type=found.content_type, stream=send)


def _span(headers: Any, found: SignedObject) -> tuple[int, int] | None:
    """First and last byte that are asked for; None: all. More than one range is answered with all.   Raises RangeUnsatisfiable."""
    asked = _RANGE.fullmatch(headers.getone("range", "").replace(" ", ""))
    condition = headers.getone("if-range", None)
    if asked is None or asked.groups() == ("", "") or (condition is not None and condition != found.etag):
        return None
    first, last = asked.groups()
    if first == "":
        begin, end = max(0, found.bytes - int(last)), found.bytes - 1
    else:
        begin, end = int(first), min(int(last) if last else found.bytes - 1, found.bytes - 1)
    if begin > end and first and last and int(last) < int(first):
        return None
    if begin > end:
        raise RangeUnsatisfiable(content_range=f"bytes */{found.bytes}")
    return begin, end


def _opened(path: str) -> FileIO:
    try:
        return FileIO(path)
    except FileNotFoundError as error:
        raise ObjectMissing() from error


async def _send(response: Any, file: FileIO, first: int, last: int) -> None:
    at = first
    while at <= last and (block := await asyncio.to_thread(os.pread, file.fileno(), min(BLOCK_BYTES, last - at + 1), at)):
        await response.send(block)
        at += len(block)
