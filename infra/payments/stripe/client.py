"""Requests to Stripe: form-encoded, pinned to one version of its API, repeated only where that is safe, and always ended in time."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import httpx
import structlog

from domain.payments.ports import PaymentsUnavailable
from infra.payments.stripe.failures import RETRY_AFTER_SECONDS, is_passing, refusal_of, retry_after, words_of
from infra.payments.stripe.wire import Unreadable, read

Shape = TypeVar("Shape")
Form = Mapping[str, str]

API_VERSION = "2026-06-24.dahlia"
CONNECT_SECONDS = 5
READ_SECONDS = 10
#: Of one call with all its attempts: a buyer waits for it, and Stripe gives up on our answer to a webhook sooner than this twice.
TOTAL_SECONDS = 15.0
#: Before the second and the third attempt.
PAUSES_SECONDS: Sequence[float] = (0.25, 1.0)
#: Shorter than servers keep an idle connection.
KEEPALIVE_SECONDS = 15
CONNECTIONS_MAX = 64
BODY_BYTES_MAX = 4 << 20


class Answer(NamedTuple):
    status: int
    headers: httpx.Headers
    body: bytes


class AnswerBroken(Exception):
    """It is too long, or packed although we asked for it plain."""


class StripeClient:
    """Reuses its connections. The key goes to *base* and nowhere else: redirects and the environment's proxies are not followed."""

    def __init__(
        self, *, secret_key: str, base: str, total_seconds: float = TOTAL_SECONDS, pauses_seconds: Sequence[float] = PAUSES_SECONDS
    ) -> None:
        self._base = base.rstrip("/") + "/v1/"
        self._total_seconds = total_seconds
        self._pauses = (*pauses_seconds, None)
        self._log = structlog.get_logger()
        self._client = httpx.AsyncClient(
            headers={
                "Authorization": f"Bearer {secret_key}",
                "Stripe-Version": API_VERSION,
                "User-Agent": "daybook",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            },
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(min(READ_SECONDS, total_seconds), connect=min(CONNECT_SECONDS, total_seconds)),
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX, keepalive_expiry=KEEPALIVE_SECONDS
            ),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, shape: type[Shape], form: Form | None = None) -> Shape:
        """Raises PaymentsUnavailable, PaymentsRefused."""
        return await self._call("GET", path, shape, params=form or {})

    async def post(self, path: str, shape: type[Shape], form: Form, *, key: str) -> Shape:
        """Stripe does what it is asked once for each *key* (255 characters, remembered for a day), so repeating is safe.

        Raises PaymentsUnavailable, PaymentsRefused.
        """
        return await self._call("POST", path, shape, data=dict(form), headers={"Idempotency-Key": key})

    async def _call(self, method: str, path: str, shape: type[Shape], **request: Any) -> Shape:
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._answer(method, path, request)
        except TimeoutError as error:
            self._log.warning("stripe too slow", method=method, path=path)
            raise PaymentsUnavailable(retry_after=RETRY_AFTER_SECONDS) from error
        try:
            return read(answer.body, shape)
        except Unreadable as error:
            # Not the error's own words: they quote the answer.
            self._log.error("stripe unreadable", method=method, path=path, shape=shape.__name__, **_named(answer))
            raise PaymentsUnavailable(retry_after=RETRY_AFTER_SECONDS) from error

    async def _answer(self, method: str, path: str, request: dict[str, Any]) -> Answer:
        """The first answer that is a 2xx; each attempt is the same request with the same key."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._total_seconds
        for pause in self._pauses:
            failure: Exception
            try:
                answer = await self._once(method, path, request)
            except (httpx.HTTPError, AnswerBroken) as error:
                failure, wait = PaymentsUnavailable(retry_after=RETRY_AFTER_SECONDS), pause
                failure.__cause__ = error
                self._log.warning("stripe away", method=method, path=path, error=type(error).__name__)
            else:
                if 200 <= answer.status < 300:
                    return answer
                failure = refusal_of(answer.status, answer.headers, answer.body)
                self._log.warning("stripe refused", method=method, path=path, words=words_of(answer.body), **_named(answer))
                wait = None if pause is None else max(pause, retry_after(answer.headers) or 0)
                if not is_passing(answer.status, answer.headers):
                    raise failure
            if wait is None or loop.time() + wait >= end:
                raise failure
            await asyncio.sleep(wait)
        raise AssertionError("the last pause is None")

    async def _once(self, method: str, path: str, request: dict[str, Any]) -> Answer:
        async with self._client.stream(method, self._base + path, **request) as answer:
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise AnswerBroken("packed")
            body = bytearray()
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > BODY_BYTES_MAX:
                    raise AnswerBroken("too long")
            return Answer(answer.status_code, answer.headers, bytes(body))


def _named(answer: Answer) -> dict[str, Any]:
    """What an operator needs to find it in Stripe's own log."""
    return {"status": answer.status, "stripe_request": answer.headers.get("request-id", "")[:100]}
