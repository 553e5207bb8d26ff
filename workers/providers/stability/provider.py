"""The provider `stability`: one call a picture, awaited."""

import asyncio

from domain.ports import Outgoing
from domain.providers.jobs import Artefact, Job, ProviderFailure, Report, Result, Say, unheard, unsaid
from workers.providers.stability.answers import picture_of
from workers.providers.stability.failures import read_failure
from workers.providers.stability.requests import NO_FILE, form_of, path_of
from workers.providers.wire.base64s import aside
from workers.providers.wire.client import BODY_BYTES_MAX, Call, Wire

BASE_URL = "https://api.stability.ai"


class StabilityProvider:
    """Implements `domain.ports.Provider`."""

    def __init__(
        self, *, base_url: str = BASE_URL, api_key: str | None = None, outgoing: Outgoing, body_bytes_max: int = BODY_BYTES_MAX
    ) -> None:
        self._wire = Wire(base_url=base_url, api_key=api_key, read_failure=read_failure, body_bytes_max=body_bytes_max)

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        until = asyncio.get_running_loop().time() + job.timeout_seconds
        count = int(job.params.get("count") or 1)
        artefacts: list[Artefact] = []
        for number in range(count):
            try:
                artefacts.append(await self._picture(job, number, until))
            except ProviderFailure:
                if not artefacts:
                    raise
                # What is there was billed, and is not made again for the sake of the rest.
                break
            report(len(artefacts) / count)
        return Result(artefacts=artefacts, usage={"item": len(artefacts)}, partial=len(artefacts) < count)

    async def _picture(self, job: Job, number: int, until: float) -> Artefact:
        answer = await self._wire.ask(
            Call(
                method="POST",
                url=path_of(job),
                seconds=until - asyncio.get_running_loop().time(),
                paid=True,
                key=job.api_key,
                headers={"Accept": "image/*"},
                form=form_of(job, number),
                files=NO_FILE,
            )
        )
        return await aside(len(answer.body), picture_of, answer)

    async def close(self) -> None:
        await self._wire.close()
