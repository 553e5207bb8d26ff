"""Brings Stripe's messages to us, signed, and does with them what networks and strangers do."""

import asyncio
import hashlib
import hmac
import json
import random
import time
from collections.abc import Sequence
from typing import Any

import httpx

from tests.support.stripe_server import WEBHOOK_SECRET

PATH = "/v1/payments/stripe/webhook"
ATTEMPTS_MAX = 40
PAUSE_SECONDS = 0.01


def header(raw: bytes, *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    """`t=…,v1=…`, by the rule of Stripe's documentation."""
    stamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def body(message: dict[str, Any]) -> bytes:
    """As Stripe prints it: with blanks and line breaks, which are signed too."""
    return json.dumps(message, indent=2).encode()


class Courier:
    """`client` reaches the API. `refused`: the statuses of what must not come through."""

    def __init__(self, client: httpx.AsyncClient, rng: random.Random | None = None) -> None:
        self.client = client
        self.rng = rng or random.Random(1)
        self.refused: list[int] = []
        self.delivered = 0

    async def send(self, raw: bytes, signature: str) -> httpx.Response:
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
        return await self.client.post(PATH, content=raw, headers=headers)

    async def bring(self, message: dict[str, Any]) -> httpx.Response:
        raw = body(message)
        return await self.send(raw, header(raw))

    async def bring_all(self, messages: Sequence[dict[str, Any]]) -> None:
        """One after the other; each must be taken."""
        for message in messages:
            answer = await self.bring(message)
            assert answer.status_code == 200, (message["type"], answer.text)

    async def insist(self, message: dict[str, Any]) -> None:
        """As Stripe does: again, signed anew, until it is taken."""
        for _ in range(ATTEMPTS_MAX):
            answer = await self.bring(message)
            self.delivered += 1
            if answer.status_code == 200:
                return
            assert answer.status_code in (409, 503), answer.text
            await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError(f"{message['type']} was never taken: {answer.text}")

    async def forge(self, message: dict[str, Any]) -> None:
        """Something like *message* that Stripe never sent."""
        raw = body(message)
        altered = bytearray(raw)
        altered[self.rng.randrange(len(raw))] ^= 1 << self.rng.randrange(7)
        other = json.loads(raw)
        other["data"]["object"]["amount_total"] = 1
        sent, signature = self.rng.choice(
            [
                (bytes(altered), header(raw)),
                (raw[: self.rng.randrange(1, len(raw))], header(raw)),
                (body(other), header(raw)),
                (raw, header(raw, secret="whsec_somebody_elses_0123456789")),
                (raw, header(raw, at=time.time() - 3_600)),
                (raw, header(raw, at=time.time() + 3_600)),
                (raw, header(raw).replace("v1=", "v0=")),
            ]
        )
        answer = await self.send(sent, signature)
        self.refused.append(answer.status_code)
        assert answer.status_code == 400, answer.text

    async def storm(self, messages: Sequence[dict[str, Any]], *, copies: int, forged: int, at_once: int = 16) -> None:
        """Every message *copies* times, with forged ones between them, in any order, many at the same time."""
        deeds = [self.insist(message) for message in messages for _ in range(copies)]
        deeds += [self.forge(self.rng.choice(messages)) for _ in range(forged)]
        self.rng.shuffle(deeds)
        gate = asyncio.Semaphore(at_once)

        async def let(deed: Any) -> None:
            async with gate:
                await deed

        await asyncio.gather(*(let(deed) for deed in deeds))
