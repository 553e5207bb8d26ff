"""A client as api.md wants it: a key for every submit, and the same key again when the answer did not come."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import httpx

BODY: Mapping[str, Any] = {"kind": "image", "model": "noop-200", "prompt": "a lighthouse", "params": {"size": "64x64"}}
#: What may be repeated with the same key.
REPEATABLE = (429, 500, 502, 503)
GIVE_UP_SECONDS = 60
#: Between two tries, unless the answer names a pause; twice as long each time.
PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 1.0


class Accepted(NamedTuple):
    """One submit that was answered with 202, and how long that took with all its repeats."""

    id: uuid.UUID
    seconds: float


async def register(url: str) -> tuple[str, uuid.UUID]:
    """A new account: its access token and id."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
        answer = await client.post("/v1/auth/register", json={"email": f"{uuid.uuid4().hex}@example.com", "password": "correct horse"})
        answer.raise_for_status()
        body = answer.json()
        return body["access_token"], uuid.UUID(body["account"]["id"])


async def submit_all(url: str, token: str, count: int, *, seconds: float) -> list[uuid.UUID]:
    """*count* submits spread over *seconds*. The ids answered with 202, each once."""
    return [each.id for each in await submit_timed(url, token, count, seconds=seconds)]


async def submit_timed(
    url: str,
    token: str,
    count: int,
    *,
    seconds: float,
    body: Callable[[], Mapping[str, Any]] = lambda: BODY,
    repeatable: tuple[int, ...] = REPEATABLE,
) -> list[Accepted]:
    """*count* submits of what *body* gives when each is sent, spread over *seconds*; those answered with 202.

    Raises AssertionError for an answer that is neither, or for one id given twice.
    """

    async def submit(delay: float) -> Accepted | None:
        await asyncio.sleep(delay)
        key, sent, began, pause = str(uuid.uuid4()), body(), time.monotonic(), PAUSE_SECONDS
        while time.monotonic() < began + GIVE_UP_SECONDS:
            asked = pause
            with suppress(httpx.TransportError):
                answer = await client.post("/v1/generations", json=sent, headers={"Idempotency-Key": key})
                if answer.status_code == 202:
                    return Accepted(uuid.UUID(answer.json()["id"]), time.monotonic() - began)
                if answer.status_code not in repeatable:
                    raise AssertionError(f"{answer.status_code}: {answer.text[:300]}")
                asked = float(answer.headers.get("retry-after", pause))
            await asyncio.sleep(asked)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
        return None

    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10, headers={"Authorization": f"Bearer {token}"}) as client:
        answers = await asyncio.gather(*(submit(number * seconds / count) for number in range(count)))
    accepted = [each for each in answers if each is not None]
    if len({each.id for each in accepted}) != len(accepted):
        raise AssertionError("two submits were answered with one id")
    return accepted
