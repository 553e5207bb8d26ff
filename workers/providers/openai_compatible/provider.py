"""The provider `openai-compatible`: one server, by base URL and key."""

import asyncio

import httpx

from domain.kernel import limits
from domain.outgoing.answers import FetchFailed
from domain.outgoing.refusals import UrlRefused
from domain.ports import Outgoing
from domain.providers.jobs import Artefact, Job, ProviderFailure, Report, Result, unheard
from workers.providers.bodies import BodyTooLarge, BodyUnreadable, read_body
from workers.providers.openai_compatible.answers import Link, images_of
from workers.providers.openai_compatible.failures import SENTENCES, failure_of
from workers.providers.openai_compatible.requests import body_of, calls_of, path_of

CONNECT_SECONDS = 10
WRITE_SECONDS = 30
#: Shorter than servers keep an idle connection, so that a request is never sent into one that is being closed.
KEEPALIVE_SECONDS = 15
CONNECTIONS_MAX = 256
BODY_BYTES_MAX = 128 << 20
ERROR_BYTES_MAX = 1 << 20


class OpenAICompatibleProvider:
    """Reuses its connections. The key goes to the base URL and nowhere else: redirects are not followed, links are fetched without it."""

    def __init__(self, *, base_url: str, api_key: str | None, outgoing: Outgoing, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        self._base_url = base_url.rstrip("/")
        self._outgoing = outgoing
        self._body_bytes_max = body_bytes_max
        self._client = httpx.AsyncClient(
            headers={"User-Agent": "daybook", "Accept-Encoding": "gzip"} | ({"Authorization": f"Bearer {api_key}"} if api_key else {}),
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX, keepalive_expiry=KEEPALIVE_SECONDS
            ),
        )

    async def generate(self, job: Job, report: Report = unheard) -> Result:
        try:
            async with asyncio.timeout(job.timeout_seconds):
                artefacts = [artefact for count in calls_of(job) for artefact in (await self._call(job, count))[:count]]
        except TimeoutError as error:
            raise ProviderFailure("timeout", SENTENCES["timeout"], outcome_unknown=True) from error
        return Result(artefacts=artefacts, usage={"item": len(artefacts)})

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, job: Job, count: int) -> list[Artefact]:
        body = await self._post(job, count)
        # Megabytes of JSON and base64 would hold up every other generation of this process.
        found = await asyncio.to_thread(images_of, body)
        return [await self._fetched(image.url) if isinstance(image, Link) else image for image in found]

    async def _post(self, job: Job, count: int) -> bytes:
        timeout = httpx.Timeout(job.timeout_seconds, connect=CONNECT_SECONDS, write=WRITE_SECONDS)
        try:
            async with self._client.stream("POST", self._base_url + path_of(job), json=body_of(job, count), timeout=timeout) as answer:
                if answer.status_code != 200:
                    raise failure_of(answer, await self._error_body(answer))
                return await read_body(answer, self._body_bytes_max)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ProviderFailure("overloaded", "The provider cannot be reached.") from error
        except httpx.TimeoutException as error:
            raise ProviderFailure("timeout", SENTENCES["timeout"], outcome_unknown=True) from error
        except (httpx.HTTPError, BodyTooLarge, BodyUnreadable) as error:
            raise ProviderFailure("provider_error", "The provider's answer broke off or cannot be read.", outcome_unknown=True) from error

    async def _error_body(self, answer: httpx.Response) -> bytes:
        """Of a failure only the status is needed; a body that cannot be read must not hide it."""
        try:
            return await read_body(answer, ERROR_BYTES_MAX)
        except (httpx.HTTPError, BodyTooLarge, BodyUnreadable):
            return b""

    async def _fetched(self, url: str) -> Artefact:
        try:
            found = await self._outgoing.fetch(url, bytes_max=limits.ARTEFACT_BYTES_MAX)
        except (UrlRefused, FetchFailed) as error:
            raise ProviderFailure("provider_error", "The provider's image cannot be fetched.", outcome_unknown=True) from error
        return Artefact(data=found.data, content_type=found.content_type)
