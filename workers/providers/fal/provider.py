"""The provider `fal`, by its queue."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.outgoing.answers import FetchFailed
from domain.outgoing.refusals import UrlRefused
from domain.ports import Outgoing
from domain.providers.jobs import Job, LookUpUnsupported, Parked, ProviderFailure, Result, Running
from workers.providers.fal.answers import links_of, parked_of
from workers.providers.fal.callbacks import JWKS_URL, PublishedKeys
from workers.providers.fal.failures import failure_of_job, read_failure
from workers.providers.fal.requests import path_of
from workers.providers.wire.base64s import aside, data_url
from workers.providers.wire.client import POLL_SECONDS, SUBMIT_SECONDS, Call, Wire, within
from workers.providers.wire.failures import document_of, failed, table_of
from workers.providers.wire.fields import told
from workers.providers.wire.keys import worded
from workers.providers.wire.looks import PASSING, look_table
from workers.providers.wire.results import collected

logger = logging.getLogger(__name__)

BASE_URL = "https://queue.fal.run"


class FalProvider:
    """Implements `domain.ports.LongProvider`."""

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        api_key: str | None = None,
        outgoing: Outgoing,
        jwks_url: str = JWKS_URL,
        body_bytes_max: int = 64 << 20,
    ) -> None:
        self._wire = Wire(
            base_url=base_url, api_key=api_key, show_key=worded("Key"), read_failure=read_failure, body_bytes_max=body_bytes_max
        )
        self._outgoing = outgoing
        self.keys = PublishedKeys(outgoing, jwks_url)
        self._reading: asyncio.Task[None] | None = None

    async def submit(self, job: Job, callback_url: str | None) -> Parked:
        urls = [await aside(len(each.data), data_url, each.data, each.content_type) for each in job.inputs]
        mask = await aside(len(job.mask.data), data_url, job.mask.data, job.mask.content_type) if job.mask else None
        body = told(job, inputs=urls, mask=mask)
        url = path_of(job, callback_url)
        answer = await self._wire.ask(
            Call(method="POST", url=url, seconds=within(SUBMIT_SECONDS, job), paid=True, key=job.api_key, json=body)
        )
        return parked_of(table_of(answer.body), self._wire.is_own)

    async def poll(self, job: Job, parked: Parked) -> Running | Result:
        status = await look_table(self._wire, self._to(job, parked, "GET", "status_url"))
        if isinstance(status, Running):
            return status
        if status.get("status") != "COMPLETED":
            return Running()
        if status.get("error") or status.get("error_type"):
            raise failure_of_job(status.get("error"), status.get("error_type"))
        return await self._response(job, parked)

    async def _response(self, job: Job, parked: Parked) -> Running | Result:
        """A failure in its place is the request's own, unless it is one that passes: then the response is still there."""
        try:
            answer = await self._wire.ask(self._to(job, parked, "GET", "response_url"))
        except ProviderFailure as failure:
            if failure.code in PASSING:
                return Running(poll_seconds=failure.retry_after_seconds)
            raise
        response = await aside(len(answer.body), document_of, answer.body)
        if not isinstance(response, dict):
            return Running()
        return await collected(self._outgoing, job, links_of(response))

    async def cancel(self, job: Job, parked: Parked) -> None:
        await self._wire.ask(self._to(job, parked, "PUT", "cancel_url"))

    async def look_up(self, job: Job) -> Parked | None:
        raise LookUpUnsupported

    def heard(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Nothing is believed until fal's keys were read; that begins here, and what was not believed comes again or is polled.

        To be called where an event loop runs.
        """
        if self.keys.stale and (self._reading is None or self._reading.done()):
            self._reading = asyncio.ensure_future(self.prepare())
        message = document_of(body)
        if not isinstance(message, dict) or not isinstance(message.get("request_id"), str):
            return False
        return self.keys.signed(headers, body, now=now)

    async def prepare(self) -> None:
        """Read the keys that callbacks are checked with, unless they are fresh, or were just asked for in vain."""
        if not self.keys.stale:
            return
        try:
            await self.keys.read()
        except (UrlRefused, FetchFailed) as error:
            logger.warning("fal's keys cannot be read", extra={"error": type(error).__name__})

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        await self._wire.close()

    def _to(self, job: Job, parked: Parked, method: str, url: str) -> Call:
        """Raises ProviderFailure when it was parked by another version of us, or with another base URL."""
        target: Any = parked.data.get(url)
        if target is None or not self._wire.is_own(target):
            raise failed("provider_error")
        return Call(method=method, url=target, seconds=within(POLL_SECONDS, job), paid=False, key=job.api_key)
