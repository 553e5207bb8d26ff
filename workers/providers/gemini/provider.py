"""The provider `gemini`."""

import asyncio
from functools import partial

import msgspec

from domain.ports import Outgoing
from domain.providers.jobs import Artefact, Job, Report, Result, Say, unheard, unsaid
from workers.providers.gemini.answers import analysis_of, images_of, text_of, written
from workers.providers.gemini.failures import failure_of
from workers.providers.gemini.requests import asked_of, path_of, streams
from workers.providers.wire.base64s import aside
from workers.providers.wire.client import BODY_BYTES_MAX, TEXT_READ_SECONDS, Call, Wire
from workers.providers.wire.keys import named
from workers.providers.wire.several import several
from workers.providers.wire.sse import events

BASE_URL = "https://generativelanguage.googleapis.com/v1beta"
#: Never `?key=`: it would stand in logs.
KEY_HEADER = "x-goog-api-key"


class GeminiProvider:
    """Pictures come inside the answer, so nothing has to be fetched."""

    def __init__(
        self, *, base_url: str = BASE_URL, api_key: str | None = None, outgoing: Outgoing, body_bytes_max: int = BODY_BYTES_MAX
    ) -> None:
        self._wire = Wire(
            base_url=base_url, api_key=api_key, show_key=named(KEY_HEADER), read_failure=failure_of, body_bytes_max=body_bytes_max
        )

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        until = asyncio.get_running_loop().time() + job.timeout_seconds
        if job.kind in ("image", "image_edit"):
            return await several([partial(self._image, job, until)] * (job.params.get("count") or 1), report)
        call = await self._call(job, until)
        if streams(job):
            async with self._wire.stream(call) as (_, pieces):
                return await written(job, events(pieces), say)
        body = (await self._wire.ask(call)).body
        return await aside(len(body), text_of if job.kind == "text" else analysis_of, job, body)

    async def close(self) -> None:
        await self._wire.close()

    async def _image(self, job: Job, until: float) -> list[Artefact]:
        """The model draws as many as it likes; one is asked for, and the last is the one it means."""
        body = (await self._wire.ask(await self._call(job, until))).body
        return (await aside(len(body), images_of, body))[-1:]

    async def _call(self, job: Job, until: float) -> Call:
        return Call(
            method="POST",
            url=path_of(job),
            seconds=until - asyncio.get_running_loop().time(),
            read_seconds=TEXT_READ_SECONDS if streams(job) else None,
            paid=True,
            key=job.api_key,
            json=await aside(sum(len(each.data) for each in job.inputs), _packed, job),
        )


def _packed(job: Job) -> bytes:
    return msgspec.json.encode(asked_of(job))
