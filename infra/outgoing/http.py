"""Requests to places that others named: checked, pinned to the checked address, limited in time and bytes, by hand at each redirect."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from urllib.parse import urljoin

import httpx

from domain.outgoing.answers import Fetched, FetchFailed, Posted, PostFailed
from domain.outgoing.refusals import FORM, UrlRefused
from infra.outgoing.bodies import Body, BodyTooLarge, BodyUnreadable
from infra.outgoing.resolving import Resolve, SystemResolver
from infra.outgoing.targets import Target, check_url

CONNECT_SECONDS = 5
READ_SECONDS = 15
TOTAL_SECONDS = 30
REDIRECTS_MAX = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
AGENT = "daybook"


class PinnedHttp:
    """Implements the port `Outgoing`. A transport per request: with pinned addresses a shared pool could give one host's
    connection to another.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        resolve: Resolve | None = None,
        verify: ssl.SSLContext | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._allow, self._given, self._seconds = tuple(allow), verify, seconds
        self._resolver = SystemResolver()
        self._resolve: Resolve = resolve or self._resolver

    def close(self) -> None:
        self._resolver.close()

    async def check(self, url: str) -> None:
        await self._target(url)

    async def fetch(self, url: str, *, bytes_max: int) -> Fetched:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, bytes_max)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, BodyTooLarge, BodyUnreadable) as error:
            raise FetchFailed(type(error).__name__, too_large=isinstance(error, BodyTooLarge)) from error

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Posted:
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                target = await self._target(url)
                async with self._answer(target, "POST", dict(headers), body) as answer:
                    retry_after = _seconds_of(answer.headers.get("retry-after"))
                    return Posted(status=answer.status_code, retry_after=retry_after, ms=_ms_since(began))
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, FetchFailed) as error:
            timed_out = isinstance(error, TimeoutError | httpx.TimeoutException)
            raise PostFailed(timed_out=timed_out, ms=_ms_since(began)) from error

    async def _target(self, url: str, *, before: str = "") -> Target:
        return await check_url(url, allow=self._allow, resolve=self._resolve, before=before)

    async def _follow(self, url: str, bytes_max: int) -> Fetched:
        scheme = ""
        for _ in range(REDIRECTS_MAX + 1):
            target = await self._target(url, before=scheme)
            async with self._answer(target, "GET", {"Accept": "*/*", "Accept-Encoding": "identity"}) as answer:
                if answer.status_code not in REDIRECTS or "location" not in answer.headers:
                    return await _read(answer, bytes_max)
                url, scheme = _joined(url, answer.headers["location"]), target.scheme
        raise FetchFailed("too many redirects")

    @asynccontextmanager
    async def _answer(
        self, target: Target, method: str, headers: dict[str, str], body: bytes | None = None
    ) -> AsyncIterator[httpx.Response]:
        """The answer's head. All checked addresses are tried in turn until one takes the connection."""
        timeout = httpx.Timeout(READ_SECONDS if method == "GET" else None, connect=CONNECT_SECONDS)
        headers = {"Host": target.authority, "User-Agent": AGENT, **headers}
        # The certificate is checked for the name, not for the address we connect to.
        extensions = {"sni_hostname": target.host, "timeout": timeout.as_dict()}
        # A transport alone: it has no redirects, no cookies, and looks for no proxy.
        trusted = self._trusted if target.scheme == "https" else False
        async with httpx.AsyncHTTPTransport(verify=trusted, trust_env=False) as transport:
            failure: httpx.TransportError | None = None
            for address in target.addresses:
                request = httpx.Request(method, target.at(address), headers=headers, content=body, extensions=extensions)
                try:
                    answer = await transport.handle_async_request(request)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    failure = error
                    continue
                try:
                    yield answer
                finally:
                    await answer.aclose()
                return
            raise FetchFailed("no address answers") from failure

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """Made once: reading the list of authorities takes longer than a request."""
        return self._given or httpx.create_ssl_context(trust_env=False)


async def _read(answer: httpx.Response, bytes_max: int) -> Fetched:
    if answer.status_code != 200:
        raise FetchFailed(f"status {answer.status_code}")
    packing, declared = answer.headers.get("content-encoding", ""), answer.headers.get("content-length", "")
    body = Body(bytes_max, packing=packing, declared=declared)
    async for piece in answer.aiter_raw():
        body.take(piece)
    return Fetched(data=body.whole(), content_type=answer.headers.get("content-type"))


def _joined(url: str, location: str) -> str:
    """Where a redirect leads.   Raises UrlRefused."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise UrlRefused(rule=FORM) from error


def _seconds_of(retry_after: str | None) -> float | None:
    """The header Retry-After in seconds from now: a number, or a date.   None when it is neither."""
    if not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
        return float(retry_after)
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1_000)
