"""Inputs: KIE fetches them by URL, so they go to its own upload service first, which deletes them after three days."""

import asyncio
import re
from collections.abc import Sequence

from domain.providers.jobs import Input, Job, ProviderFailure
from workers.providers.kie.envelope import data_of
from workers.providers.wire.base64s import is_link
from workers.providers.wire.client import Call, Wire, within
from workers.providers.wire.failures import failed, table_of, unreadable

PATH = "/api/file-stream-upload"
FOLDER = "daybook"
#: For all inputs of a job: what remains of the time that a submit may take is for the submit itself.
SECONDS = 40
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "video/mp4": "mp4"}


async def uploaded(wire: Wire, job: Job, inputs: Sequence[Input]) -> list[str]:
    """The URLs of *inputs*.   Raises ProviderFailure; nothing is paid for here, so it may be tried again."""
    try:
        async with asyncio.timeout(within(SECONDS, job)):
            return [await _upload(wire, job, each, number) for number, each in enumerate(inputs, 1)]
    except TimeoutError as error:
        raise failed("timeout") from error


async def _upload(wire: Wire, job: Job, given: Input, number: int) -> str:
    # The same name would overwrite what another job still needs.
    name = f"{job.generation_id}-{job.attempt}-{number}.{ENDINGS.get(given.content_type, 'bin')}"
    answer = await wire.ask(
        Call(
            method="POST",
            url=PATH,
            seconds=SECONDS,
            paid=False,
            key=job.api_key,
            form={"uploadPath": FOLDER, "fileName": name},
            files={"file": (name, given.data, given.content_type)},
        )
    )
    try:
        data = data_of(answer.headers, table_of(answer.body))
    except ProviderFailure as failure:
        # Nothing was made and nothing billed, whatever the answer was.
        raise ProviderFailure(failure.code, failure.message, retry_after_seconds=failure.retry_after_seconds) from failure
    for field in ("downloadUrl", "fileUrl"):
        url = data.get(field)
        if isinstance(url, str) and is_link(url) and not re.search(r"\s", url):
            return url
    raise ProviderFailure("provider_error", unreadable().message)
