"""Measures in a child process."""

import asyncio

from domain.providers.jobs import Job, ProviderFailure, Result
from workers.providers.look.analyse import analyse
from workers.providers.sketch.provider import RunInChild


class Look:
    """`output` is {"text", "data"}. Counts one item, however many inputs are compared."""

    def __init__(self, run_in_child: RunInChild = asyncio.to_thread) -> None:
        self._run_in_child = run_in_child

    async def generate(self, job: Job) -> Result:
        if not job.inputs or not all(each.content_type.startswith("image/") for each in job.inputs):
            raise ProviderFailure("invalid_request", "The model needs at least one input, and each must be a picture.")
        question = job.params.get("question") or job.prompt
        output = await self._run_in_child(analyse, [each.data for each in job.inputs], question, job.params.get("schema"))
        return Result(artefacts=[], usage={"item": 1}, output=output)
