"""A client as api.md wants it: a key for every submit, and the same key again when the answer did not come."""

import asyncio
import time
import uuid

import httpx

BODY = {"kind": "image", "model": "noop-200", "prompt": "a lighthouse", "params": {"size": "64x64"}}
#: What may be repeated with the same key.
REPEATABLE = (429, 500, 502, 503)
GIVE_UP_SECONDS = 30


async def register(url: str) -> tuple[str, uuid.UUID]:
    """A new account: its access token and id."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
        answer = await client.post("/v1/auth/register", json={"email": f"{uuid.uuid4().hex}@example.com", "password": "correct horse"})
        answer.raise_for_status()
        body = answer.json()
        return body["access_token"], uuid.UUID(body["account"]["id"])


async def submit_all(url: str, token: str, count: int, *, seconds: float) -> list[uuid.UUID]:
    """*count* submits spread over *seconds*. The ids answered with 202, each once."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10, headers={"Authorization": f"Bearer {token}"}) as client:
        answers = await asyncio.gather(*(_submit_at(client, number * seconds / count) for number in range(count)))
    accepted = [each for each in answers if each is not None]
    if len(set(accepted)) != len(accepted):
        raise AssertionError("two submits were answered with one id")
    return accepted


async def _submit_at(client: httpx.AsyncClient, delay: float) -> uuid.UUID | None:
    await asyncio.sleep(delay)
    key = str(uuid.uuid4())
    until = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < until:
        try:
            answer = await client.post("/v1/generations", json=BODY, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            await asyncio.sleep(0.2)
            continue
        if answer.status_code == 202:
            return uuid.UUID(answer.json()["id"])
        if answer.status_code not in REPEATABLE:
            raise AssertionError(f"{answer.status_code}: {answer.text[:300]}")
        await asyncio.sleep(0.2)
    return None
