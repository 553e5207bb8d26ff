"""A provider that does nothing for a while: measures and breaks everything around it without drawing. Only in extra catalogues."""

import asyncio

from domain.providers.jobs import Job, Report, Result, Say, unheard, unsaid


class NoopProvider:
    """Sleeps `adapter.sleep_ms` milliseconds (default 0) and answers without artefacts."""

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        await asyncio.sleep(job.adapter.get("sleep_ms", 0) / 1000)
        return Result(artefacts=[], usage={"item": job.params.get("count", 1)})

    async def close(self) -> None:
        return None
