"""The provider `openrouter-videos`."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from domain.ports import Outgoing
from domain.providers.jobs import Job, LookUpUnsupported, Parked, ProviderFailure, Result, Running
from workers.providers.openai_compatible.failures import failure_of
from workers.providers.openrouter_videos import callbacks
from workers.providers.openrouter_videos.answers import VIDEO_ID, done, taken
from workers.providers.openrouter_videos.requests import asked_of
from workers.providers.wire.base64s import aside
from workers.providers.wire.client import BODY_BYTES_MAX, POLL_SECONDS, SUBMIT_SECONDS, Call, Wire, within
from workers.providers.wire.downloads import downloaded
from workers.providers.wire.failures import failed
from workers.providers.wire.fields import used
from workers.providers.wire.looks import look_table, passed

BASE_URL = "https://openrouter.ai/api/v1"
LOOK_SECONDS = 30.0
VIDEOS_MAX = 4


class OpenRouterVideosProvider:
    """Videos are read from OpenRouter itself, with the key; the URLs in an answer are not needed. There is nothing to cancel with."""

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        api_key: str | None = None,
        outgoing: Outgoing,
        callback_secret: str | None = None,
        body_bytes_max: int = BODY_BYTES_MAX,
    ) -> None:
        self._wire = Wire(base_url=base_url, api_key=api_key, read_failure=failure_of, body_bytes_max=body_bytes_max)
        self._outgoing = outgoing
        self._callback_secret = callback_secret

    async def submit(self, job: Job, callback_url: str | None) -> Parked:
        body = await aside(sum(len(each.data) for each in job.inputs), _packed, job, callback_url)
        seconds = within(SUBMIT_SECONDS, job)
        answer = await self._wire.ask(Call(method="POST", url="/videos", seconds=seconds, paid=True, key=job.api_key, json=body))
        return Parked(upstream_id=taken(answer.body), poll_seconds=LOOK_SECONDS)

    async def poll(self, job: Job, parked: Parked) -> Running | Result:
        if not VIDEO_ID.fullmatch(parked.upstream_id):
            raise failed("invalid_request")
        path, seconds = f"/videos/{parked.upstream_id}", within(POLL_SECONDS, job)
        document = await look_table(self._wire, Call(method="GET", url=path, seconds=seconds, paid=False, key=job.api_key))
        if isinstance(document, Running):
            return document
        count = done(document)
        if count is None:
            return Running()
        try:
            urls = [self._wire.absolute(f"{path}/content?index={index}") for index in range(min(count, VIDEOS_MAX))]
            artefacts = [await downloaded(self._wire, self._outgoing, url, key=job.api_key, paid=False) for url in urls]
        except ProviderFailure as failure:
            return passed(failure)
        return Result(artefacts=artefacts, usage=used(job, len(artefacts)))

    async def cancel(self, job: Job, parked: Parked) -> None:
        raise ProviderFailure("invalid_request", "This provider cannot stop a job.")

    async def look_up(self, job: Job) -> Parked | None:
        raise LookUpUnsupported

    def heard(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        return callbacks.heard(headers, body, now=now, secret=self._callback_secret)

    async def close(self) -> None:
        await self._wire.close()


def _packed(job: Job, callback_url: str | None) -> bytes:
    return msgspec.json.encode(asked_of(job, callback_url))
