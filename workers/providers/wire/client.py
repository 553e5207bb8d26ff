"""One provider's HTTP: connections that are used again, the key to its own hosts only, and a name for whatever goes wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from domain.providers.jobs import Job, ProviderFailure
from workers.providers.wire.bodies import BodyTooLarge, BodyUnreadable, pieces, read_body
from workers.providers.wire.failures import failed, of_status, retry_after
from workers.providers.wire.keys import KeyHeaders, bearer, headers_of

CONNECT_SECONDS = 10
WRITE_SECONDS = 30
#: Shorter than servers keep an idle connection, so that a request is never sent into one that is being closed.
KEEPALIVE_SECONDS = 15
CONNECTIONS_MAX = 256
BODY_BYTES_MAX = 128 << 20
ERROR_BYTES_MAX = 1 << 20
ERROR_SECONDS = 5
#: Seconds without a single byte. Of an image nothing comes until it is drawn: its calls wait as long as their job may take.
TEXT_READ_SECONDS = 60
POLL_SECONDS = 30
#: Less than the minute after which a worker gives a submit up.
SUBMIT_SECONDS = 50
DOWNLOAD_SECONDS = 300

#: status, headers, body -> the failure that they stand for
ReadFailure = Callable[[int, Mapping[str, str], bytes], ProviderFailure]


class Answer(msgspec.Struct, frozen=True):
    """An answer of the 200s, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    *url* is a path below the base URL, or an absolute URL on one of the provider's own origins. *paid*: when the answer is lost, the
    work may have been done and billed, so nobody may ask again. *seconds* is for all of it, *read_seconds* between two bytes.
    """

    method: str
    url: str
    seconds: float
    paid: bool
    read_seconds: float | None = None
    key: str | None = None
    headers: dict[str, str] = {}
    #: What is sent as JSON, or bytes of JSON.
    json: Any = None
    #: Fields and files of a multipart form, in httpx's terms.
    form: dict[str, Any] | None = None
    files: Any = None
    bytes_max: int | None = None


def within(seconds: float, job: Job) -> float:
    """*seconds*, or less when the whole job may not take so long."""
    return min(seconds, job.timeout_seconds)


def plain_failure(status: int, headers: Mapping[str, str], body: bytes) -> ProviderFailure:
    """By the status alone."""
    return failed(of_status(status), retry_after_seconds=retry_after(headers))


@cache
def trust() -> ssl.SSLContext:
    """The authorities that we trust. Reading them takes longer than a request, so all clients share them."""
    return httpx.create_ssl_context(trust_env=False)


def new_client() -> httpx.AsyncClient:
    """Follows no redirects and no proxies of the environment."""
    return httpx.AsyncClient(
        verify=trust(),
        headers={"User-Agent": "daybook", "Accept-Encoding": "gzip"},
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX, keepalive_expiry=KEEPALIVE_SECONDS),
    )


class Wire:
    """One per adapter, safe for many jobs at once."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str | None = None,
        show_key: KeyHeaders = bearer,
        read_failure: ReadFailure = plain_failure,
        own_origins: Sequence[str] = (),
        body_bytes_max: int = BODY_BYTES_MAX,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key, self._show_key, self._read_failure = api_key, show_key, read_failure
        self._own_origins = frozenset({origin_of(base_url), *map(origin_of, own_origins)})
        self._body_bytes_max = body_bytes_max
        self._client = new_client()

    async def close(self) -> None:
        await self._client.aclose()

    def absolute(self, path: str) -> str:
        return self._base_url + path

    def is_own(self, url: str) -> bool:
        """Whether the key may be sent to *url*."""
        return origin_of(url) in self._own_origins

    async def ask(self, call: Call) -> Answer:
        """Raises ProviderFailure."""
        async with self._open(call) as answer:
            return Answer(answer.status_code, answer.headers, await read_body(answer, self._bytes_max(call)))

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[tuple[Mapping[str, str], AsyncIterator[bytes]]]:
        """The headers of an answer of the 200s, and its decoded body as it comes.   Raises ProviderFailure, also from within."""
        async with self._open(call) as answer:
            yield answer.headers, pieces(answer, self._bytes_max(call))

    async def redirect(self, call: Call) -> Answer | str:
        """As `ask`, but a redirect is answered with the URL it names, as it stands."""
        async with self._open(call, redirects=True) as answer:
            if answer.has_redirect_location:
                return answer.headers["location"]
            return Answer(answer.status_code, answer.headers, await read_body(answer, self._bytes_max(call)))

    def _bytes_max(self, call: Call) -> int:
        return self._body_bytes_max if call.bytes_max is None else call.bytes_max

    @asynccontextmanager
    async def _open(self, call: Call, *, redirects: bool = False) -> AsyncIterator[httpx.Response]:
        """Whatever the transport raises until the answer is read becomes a failure with the right chance of another try."""
        sent = False

        async def trace(event: str, _: Any) -> None:
            nonlocal sent
            sent = sent or event.endswith("send_request_headers.started")

        try:
            request = self._request(call, {"trace": trace})
            async with asyncio.timeout(call.seconds):
                answer = await self._client.send(request, stream=True)
                try:
                    if not (answer.is_success or (redirects and answer.has_redirect_location)):
                        raise self._read_failure(answer.status_code, answer.headers, await _error_body(answer))
                    yield answer
                finally:
                    await answer.aclose()
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, BodyTooLarge, BodyUnreadable) as error:
            raise _lost(error, sent=sent, paid=call.paid) from error

    def _request(self, call: Call, extensions: dict[str, Any]) -> httpx.Request:
        absolute = call.url.startswith(("http://", "https://"))
        if absolute and not self.is_own(call.url):
            raise failed("provider_error")
        headers = call.headers | headers_of(self._show_key, call.key or self._api_key)
        timeout = httpx.Timeout(call.read_seconds or call.seconds, connect=CONNECT_SECONDS, write=WRITE_SECONDS, pool=CONNECT_SECONDS)
        url = call.url if absolute else self._base_url + call.url
        if call.files is not None:
            return self._client.build_request(
                call.method, url, headers=headers, data=call.form, files=call.files, timeout=timeout, extensions=extensions
            )
        if call.json is None:
            return self._client.build_request(call.method, url, headers=headers, timeout=timeout, extensions=extensions)
        content = call.json if isinstance(call.json, bytes) else msgspec.json.encode(call.json)
        headers |= {"Content-Type": "application/json"}
        return self._client.build_request(call.method, url, headers=headers, content=content, timeout=timeout, extensions=extensions)


def origin_of(url: str) -> str:
    """`scheme://host:port`; empty for what others might read in another way."""
    if "\\" in url or any(ord(char) <= 32 or ord(char) == 127 for char in url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return ""
    if parts.username is not None or parts.password is not None:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


async def _error_body(answer: httpx.Response) -> bytes:
    """Of a failure only the status is needed; a body that cannot be read must not hide it."""
    try:
        async with asyncio.timeout(ERROR_SECONDS):
            return await read_body(answer, ERROR_BYTES_MAX)
    except (TimeoutError, httpx.HTTPError, BodyTooLarge, BodyUnreadable):
        return b""


def _lost(error: Exception, *, sent: bool, paid: bool) -> ProviderFailure:
    """Nothing was sent: another try is free. Something was sent: it depends on what was asked."""
    if not sent:
        return ProviderFailure("overloaded", "The provider cannot be reached.")
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return failed("timeout", outcome_unknown=paid)
    return ProviderFailure("provider_error", "The provider's answer broke off or cannot be read.", outcome_unknown=paid)
