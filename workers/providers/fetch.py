"""Downloads from URLs that others gave us: checked, pinned to the checked address, limited in time and bytes, by hand at each redirect."""

import asyncio
import ssl
from collections.abc import Sequence
from urllib.parse import urljoin

import httpx
import msgspec

from workers.providers.addresses import Resolve, Target, UrlRefused, check_url, system_resolve
from workers.providers.bodies import BodyTooLarge, BodyUnreadable, read_body

CONNECT_SECONDS = 5
READ_SECONDS = 15
TOTAL_SECONDS = 30
REDIRECTS_MAX = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class FetchFailed(Exception):
    """Nothing usable came. What exactly happened is for the log only."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    data: bytes
    content_type: str | None


class Fetcher:
    """One client per download: with pinned addresses a shared pool could give one host's connection to another."""

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        resolve: Resolve = system_resolve,
        verify: ssl.SSLContext | bool = True,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._allow, self._resolve, self._verify, self._seconds = tuple(allow), resolve, verify, seconds

    async def fetch(self, url: str, *, bytes_max: int) -> Fetched:
        """GET *url*.   Raises UrlRefused, FetchFailed."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, bytes_max)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, BodyTooLarge, BodyUnreadable) as error:
            raise FetchFailed(type(error).__name__) from error

    async def _follow(self, url: str, bytes_max: int) -> Fetched:
        scheme = ""
        for _ in range(REDIRECTS_MAX + 1):
            target = await check_url(url, allow=self._allow, resolve=self._resolve)
            if scheme == "https" and target.scheme == "http":
                raise UrlRefused("a redirect from https to http")
            answer = await self._get(target, bytes_max)
            if isinstance(answer, Fetched):
                return answer
            url, scheme = urljoin(url, answer), target.scheme
        raise FetchFailed("too many redirects")

    async def _get(self, target: Target, bytes_max: int) -> Fetched | str:
        """The content, or where it has moved. All checked addresses are tried in turn until one takes the connection."""
        failure: httpx.TransportError | None = None
        for address in target.addresses:
            try:
                return await self._get_at(target, address, bytes_max)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise FetchFailed("no address answers") from failure

    async def _get_at(self, target: Target, address: str, bytes_max: int) -> Fetched | str:
        place = f"[{address}]" if ":" in address else address
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        headers = {"Host": target.authority, "Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "daybook"}
        async with httpx.AsyncClient(
            follow_redirects=False, trust_env=False, timeout=timeout, verify=self._verify
        ) as client, client.stream(
            "GET",
            f"{target.scheme}://{place}:{target.port}{target.path}",
            headers=headers,
            # The certificate is checked for the name, not for the address we connect to.
            extensions={"sni_hostname": target.host},
        ) as answer:  # fmt: skip
            if answer.status_code in REDIRECTS and "location" in answer.headers:
                return answer.headers["location"]
            if answer.status_code != 200:
                raise FetchFailed(f"status {answer.status_code}")
            return Fetched(data=await read_body(answer, bytes_max), content_type=answer.headers.get("content-type"))
