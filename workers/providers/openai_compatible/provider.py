"""The providers that speak OpenAI's language: `openai`, `openrouter`, and `openai-compatible` for any server by its base URL."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from domain.ports import Outgoing
from domain.providers.jobs import Artefact, Job, Report, Result, Say, unheard, unsaid
from workers.providers.openai_compatible.answers import Link, images_of
from workers.providers.openai_compatible.embeddings import Embedded, embedded
from workers.providers.openai_compatible.failures import failure_of
from workers.providers.openai_compatible.requests import Form, asked_of, calls_of, path_of, streams
from workers.providers.openai_compatible.texts import Written, analysis_of, text_of
from workers.providers.wire.base64s import aside
from workers.providers.wire.client import BODY_BYTES_MAX, TEXT_READ_SECONDS, Call, Wire
from workers.providers.wire.downloads import fetched
from workers.providers.wire.failures import failed
from workers.providers.wire.several import several
from workers.providers.wire.sse import events

logger = logging.getLogger(__name__)
#: By which a provider's support finds a call: OpenRouter's, and OpenAI's.
CALL_IDS = ("x-generation-id", "x-request-id")


class OpenAICompatibleProvider:
    """The key goes to the base URL and nowhere else: redirects are not followed, links are fetched without it."""

    def __init__(self, *, base_url: str, api_key: str | None, outgoing: Outgoing, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        self._outgoing = outgoing
        self._wire = Wire(base_url=base_url, api_key=api_key, read_failure=failure_of, body_bytes_max=body_bytes_max)

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        until = asyncio.get_running_loop().time() + job.timeout_seconds
        if job.kind == "text":
            return await self._text(job, say, until)
        if job.kind == "image_analysis":
            body = await self._ask(job, 1, until)
            return await aside(len(body), analysis_of, job, body)
        return await several([partial(self._images, job, count, until) for count in calls_of(job)], report)

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None, api_key: str | None = None) -> Embedded:
        """*texts* as vectors, in their order.   Raises ProviderFailure."""
        return await embedded(self._wire, texts, model=model, dimensions=dimensions, api_key=api_key)

    async def close(self) -> None:
        await self._wire.close()

    async def _text(self, job: Job, say: Say, until: float) -> Result:
        if not streams(job):
            return text_of(job, await self._ask(job, 1, until))
        async with self._wire.stream(await self._call(job, 1, until)) as (headers, pieces):
            _note(job, headers)
            return await Written(job, say).result(events(pieces))

    async def _images(self, job: Job, count: int, until: float) -> list[Artefact]:
        body = await self._ask(job, count, until)
        found = await aside(len(body), images_of, body)
        try:
            async with asyncio.timeout_at(until):
                return [await fetched(self._outgoing, each.url, paid=True) if isinstance(each, Link) else each for each in found[:count]]
        except TimeoutError as error:
            raise failed("timeout", outcome_unknown=True) from error

    async def _ask(self, job: Job, count: int, until: float) -> bytes:
        answer = await self._wire.ask(await self._call(job, count, until))
        _note(job, answer.headers)
        return answer.body

    async def _call(self, job: Job, count: int, until: float) -> Call:
        asked = await aside(sum(len(each.data) for each in job.inputs), _packed, job, count)
        form, body = (asked, None) if isinstance(asked, Form) else (None, asked)
        return Call(
            method="POST",
            url=path_of(job),
            seconds=until - asyncio.get_running_loop().time(),
            read_seconds=TEXT_READ_SECONDS if streams(job) else None,
            paid=True,
            key=job.api_key,
            json=body,
            form=form.fields if form else None,
            files=form.files if form else None,
        )


def _packed(job: Job, count: int) -> bytes | Form:
    asked = asked_of(job, count)
    return asked if isinstance(asked, Form) else msgspec.json.encode(asked)


def _note(job: Job, headers: Mapping[str, str]) -> None:
    for name in CALL_IDS:
        if headers.get(name):
            logger.info("called", extra={"generation": str(job.generation_id), "upstream_id": headers[name][:100]})
            return
