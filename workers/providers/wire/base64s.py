"""Bytes as base64 and data URLs. What is large is worked on in a thread: it would hold up every other job of this process."""

import asyncio
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from domain.providers.jobs import Artefact
from workers.providers.wire.failures import unreadable

DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+)?(?:;[a-z0-9=.-]+)*;base64,", re.IGNORECASE)
#: Parsing and decoding less than this takes less time than the way to a thread and back.
ASIDE_BYTES = 64 << 10

Given = ParamSpec("Given")
Made = TypeVar("Made")


async def aside(size_bytes: int, work: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs) -> Made:
    """*work*, in a thread when it is about many bytes."""
    if size_bytes < ASIDE_BYTES:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


def data_url(data: bytes, content_type: str) -> str:
    return f"data:{content_type};base64,{encoded(data)}"


def encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def decoded(text: str) -> bytes:
    """Raises ProviderFailure."""
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        raise unreadable() from error


def artefact_of(text: str) -> Artefact:
    """From a data URL or bare base64.   Raises ProviderFailure."""
    head = DATA_URL.match(text)
    if head is None:
        return Artefact(data=decoded(text))
    return Artefact(data=decoded(text[head.end() :]), content_type=head[1])


def is_link(url: str) -> bool:
    """Whether it has still to be fetched."""
    return url[:8].lower().startswith(("http://", "https://"))
