"""The provider `replicate`. Input and output are deleted there after an hour, so results are fetched as soon as they are seen."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from domain.ports import Outgoing
from domain.providers.jobs import Input, Job, LookUpUnsupported, Parked, ProviderFailure, Result, Running
from workers.providers.replicate.answers import ID, links_of, parked_of
from workers.providers.replicate.requests import DATA_URL_BYTES_MAX, body_of, path_of
from workers.providers.wire.base64s import aside, data_url, is_link
from workers.providers.wire.client import POLL_SECONDS, SUBMIT_SECONDS, Call, Wire, within
from workers.providers.wire.failures import document_of, failed, table_of
from workers.providers.wire.looks import look_table
from workers.providers.wire.results import collected
from workers.providers.wire.signatures import standard_webhook

BASE_URL = "https://api.replicate.com/v1"
#: For all inputs of a job: what remains of the time that a submit may take is for the submit itself.
UPLOAD_SECONDS = 40


class ReplicateProvider:
    """Implements `domain.ports.LongProvider`. *callback_secret*: the `whsec_…` of `GET /v1/webhooks/default/secret`."""

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        api_key: str | None = None,
        outgoing: Outgoing,
        callback_secret: str | None = None,
        body_bytes_max: int = 16 << 20,
    ) -> None:
        self._wire = Wire(base_url=base_url, api_key=api_key, body_bytes_max=body_bytes_max)
        self._outgoing = outgoing
        self._callback_secret = callback_secret

    async def submit(self, job: Job, callback_url: str | None) -> Parked:
        inputs, mask = await self._urls_of(job)
        body = body_of(job, inputs=inputs, mask=mask, callback_url=callback_url)
        call = Call(method="POST", url=path_of(job), seconds=within(SUBMIT_SECONDS, job), paid=True, key=job.api_key, json=body)
        return parked_of(table_of((await self._wire.ask(call)).body))

    async def poll(self, job: Job, parked: Parked) -> Running | Result:
        call = Call(method="GET", url=_path(parked), seconds=within(POLL_SECONDS, job), paid=False, key=job.api_key)
        prediction = await look_table(self._wire, call)
        links = prediction if isinstance(prediction, Running) else links_of(prediction)
        return links if isinstance(links, Running) else await collected(self._outgoing, job, links)

    async def cancel(self, job: Job, parked: Parked) -> None:
        await self._wire.ask(
            Call(method="POST", url=_path(parked, "/cancel"), seconds=within(POLL_SECONDS, job), paid=False, key=job.api_key)
        )

    async def look_up(self, job: Job) -> Parked | None:
        raise LookUpUnsupported

    def heard(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Without a secret whoever knows the callback's URL is believed that there is something to look at."""
        prediction = document_of(body)
        if not isinstance(prediction, dict) or not isinstance(prediction.get("id"), str):
            return False
        return self._callback_secret is None or standard_webhook(headers, body, secret=self._callback_secret, now=now)

    async def close(self) -> None:
        await self._wire.close()

    async def _urls_of(self, job: Job) -> tuple[list[str], str | None]:
        """Of the inputs and the mask.   Raises ProviderFailure; nothing is paid for here, so it may be tried again."""
        try:
            async with asyncio.timeout(within(UPLOAD_SECONDS, job)):
                inputs = [await self._url_of(job, each) for each in job.inputs]
                return inputs, await self._url_of(job, job.mask) if job.mask else None
        except TimeoutError as error:
            raise failed("timeout") from error

    async def _url_of(self, job: Job, given: Input) -> str:
        """Small ones as they are, larger ones by way of their file store, where they go with the rest."""
        if len(given.data) <= DATA_URL_BYTES_MAX:
            return await aside(len(given.data), data_url, given.data, given.content_type)
        name = f"{job.generation_id}.{given.content_type.rpartition('/')[2]}"
        files = {"content": (name, given.data, given.content_type)}
        call = Call(method="POST", url="/files", seconds=UPLOAD_SECONDS, paid=False, key=job.api_key, form={}, files=files)
        stored = document_of((await self._wire.ask(call)).body)
        urls = stored.get("urls") if isinstance(stored, dict) else None
        url = urls.get("get") if isinstance(urls, dict) else None
        if not isinstance(url, str) or not is_link(url):
            raise ProviderFailure("provider_error", "The provider's answer cannot be read.")
        return url


def _path(parked: Parked, action: str = "") -> str:
    """Made from the name and not taken from the answer's `urls`: those carry the key to wherever they point."""
    if not ID.fullmatch(parked.upstream_id):
        raise failed("invalid_request")
    return f"/predictions/{parked.upstream_id}{action}"
