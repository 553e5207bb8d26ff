"""What an endpoint returns. The kit encodes it, adds headers, and answers conditional requests from it."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list. `next_cursor` is null on the last one."""

    data: list[Item]
    next_cursor: str | None


class Answer(msgspec.Struct):
    """A status, a body and headers. `body` is a Struct (or anything msgspec encodes), None for no content, bytes with `content_type`.

    `position`: the log position to announce (a write's receipt, or what a read has seen). `etag`: a version of its own,
    unquoted; without it the kit hashes the body. `location` is a path below the public URL (`/v1/generations/…`) or absolute.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    location: str | None = None
    position: int | None = None
    etag: str | None = None
    content_type: str | None = None
    #: Takes the Sanic request and sends the answer itself (streams, downloads).
    stream: Callable[[Any], Awaitable[Any]] | None = None
    #: Called when a streamed answer has ended, however.
    ended: Callable[[], None] | None = None


def ok(body: Any, *, etag: str | None = None, position: int | None = None) -> Answer:
    return Answer(200, body, etag=etag, position=position)


def created(body: Any, location: str) -> Answer:
    return Answer(201, body, location=location)


def accepted(body: Any, location: str, *, retry_after: int = 1) -> Answer:
    return Answer(202, body, {"retry-after": str(retry_after)}, location=location)


def no_content() -> Answer:
    return Answer(204)


def redirect(url: str) -> Answer:
    return Answer(302, location=url)
