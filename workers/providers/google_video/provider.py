"""The provider `google-video`."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from domain.ports import Outgoing
from domain.providers.jobs import Artefact, Job, LookUpUnsupported, Parked, ProviderFailure, Result, Running
from workers.providers.gemini.failures import failure_of
from workers.providers.gemini.provider import BASE_URL, KEY_HEADER
from workers.providers.google_video import interactions, operations
from workers.providers.wire.base64s import artefact_of, aside
from workers.providers.wire.client import BODY_BYTES_MAX, POLL_SECONDS, SUBMIT_SECONDS, Call, Wire, within
from workers.providers.wire.downloads import downloaded
from workers.providers.wire.failures import failed
from workers.providers.wire.fields import used
from workers.providers.wire.keys import named
from workers.providers.wire.looks import look_table, passed

LOOK_SECONDS = 10.0
CLIPS_MAX = 4


class GoogleVideoProvider:
    """Clips are downloaded with the key, by redirects that are followed by hand. Google's callbacks are not used: they are signed by a
    key that would have to be fetched, and looking every ten seconds is as good.
    """

    def __init__(
        self, *, base_url: str = BASE_URL, api_key: str | None = None, outgoing: Outgoing, body_bytes_max: int = BODY_BYTES_MAX
    ) -> None:
        self._wire = Wire(
            base_url=base_url, api_key=api_key, show_key=named(KEY_HEADER), read_failure=failure_of, body_bytes_max=body_bytes_max
        )
        self._outgoing = outgoing

    async def submit(self, job: Job, callback_url: str | None) -> Parked:
        body = await aside(sum(len(each.data) for each in job.inputs), _packed, job)
        seconds = within(SUBMIT_SECONDS, job)
        url = interactions.PATH if _interacts(job) else operations.path_of(job)
        answer = await self._wire.ask(Call(method="POST", url=url, seconds=seconds, paid=True, key=job.api_key, json=body))
        if not _interacts(job):
            return Parked(upstream_id=operations.taken(answer.body), poll_seconds=LOOK_SECONDS)
        interaction, file = await aside(len(answer.body), interactions.taken, answer.body)
        return Parked(upstream_id=interaction, data={"file": file} if file else {}, poll_seconds=LOOK_SECONDS)

    async def poll(self, job: Job, parked: Parked) -> Running | Result:
        known = interactions.ID if _interacts(job) else operations.NAME
        if not known.fullmatch(parked.upstream_id):
            raise failed("invalid_request")
        document = await self._look(job, f"{interactions.PATH}/{parked.upstream_id}" if _interacts(job) else f"/{parked.upstream_id}")
        if isinstance(document, Running):
            return document
        if not _interacts(job):
            links = operations.found(document)
            return Running() if links is None else await self._result(job, links)
        clips = interactions.found(document)
        if clips is None:
            return Running()
        links, data = clips
        if file := parked.data.get("file"):
            return await self._files(job, [file])
        if data:
            artefacts = [await aside(len(each), artefact_of, each) for each in data[:CLIPS_MAX]]
            return _made(job, [Artefact(data=each.data, content_type=each.content_type or "video/mp4") for each in artefacts])
        files = [file for link in links if (file := interactions.file_in(link))]
        return await (self._files(job, files) if files else self._result(job, links))

    async def cancel(self, job: Job, parked: Parked) -> None:
        raise ProviderFailure("invalid_request", "This provider cannot stop a job.")

    async def look_up(self, job: Job) -> Parked | None:
        raise LookUpUnsupported

    def heard(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        return False

    async def close(self) -> None:
        await self._wire.close()

    async def _look(self, job: Job, path: str) -> dict[str, object] | Running:
        seconds = within(POLL_SECONDS, job)
        return await look_table(self._wire, Call(method="GET", url=path, seconds=seconds, paid=False, key=job.api_key))

    async def _files(self, job: Job, files: list[str]) -> Running | Result:
        """A file can be downloaded once it is active."""
        for file in files[:CLIPS_MAX]:
            state = await self._look(job, f"/files/{file}")
            if isinstance(state, Running):
                return state
            if not interactions.is_ready(state):
                return Running()
        return await self._result(job, [self._wire.absolute(f"/files/{file}:download?alt=media") for file in files])

    async def _result(self, job: Job, links: list[str]) -> Running | Result:
        try:
            clips = [await downloaded(self._wire, self._outgoing, link, key=job.api_key, paid=False) for link in links[:CLIPS_MAX]]
        except ProviderFailure as failure:
            return passed(failure)
        return _made(job, clips)


def _interacts(job: Job) -> bool:
    return bool(job.adapter.get("protocol", "operations") == "interactions")


def _made(job: Job, clips: list[Artefact]) -> Result:
    return Result(artefacts=clips, usage=used(job, len(clips)))


def _packed(job: Job) -> bytes:
    return msgspec.json.encode((interactions if _interacts(job) else operations).asked_of(job))
