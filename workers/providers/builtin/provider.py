"""Which of the built-in models makes a job: one for each kind. What is heavy runs in child processes."""

import asyncio

from domain.providers.jobs import Job, ProviderFailure, Report, Result, Say, unheard, unsaid
from workers.providers.clip.provider import Clip
from workers.providers.look.provider import Look
from workers.providers.retouch.provider import Retouch
from workers.providers.sketch.provider import RunInChild, SketchProvider
from workers.providers.voice.provider import Voice
from workers.providers.writer.provider import Writer


class BuiltinProvider:
    """None of its models is trained, and each says so in the catalogue."""

    def __init__(self, run_in_child: RunInChild = asyncio.to_thread) -> None:
        self._sketch = SketchProvider(run_in_child)
        self._retouch = Retouch(run_in_child)
        self._look = Look(run_in_child)
        self._writer = Writer(run_in_child)
        self._clip = Clip(run_in_child)
        self._voice = Voice(run_in_child)

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        """Raises ProviderFailure."""
        match job.kind:
            case "image":
                return await self._sketch.generate(job, report)
            case "image_analysis":
                return await self._look.generate(job)
            case "image_edit":
                return await self._retouch.generate(job, report)
            case "speech":
                return await self._voice.generate(job, report)
            case "text":
                return await self._writer.generate(job, say)
            case "video":
                return await self._clip.generate(job, report)
        raise ProviderFailure("invalid_request", f"No built-in model makes {job.kind}.")

    async def close(self) -> None:
        return None
