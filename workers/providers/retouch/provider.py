"""Edits `params.count` times in child processes."""

import asyncio
import re

from domain.providers.jobs import Artefact, Job, ProviderFailure, Report, Result, unheard
from workers.providers.retouch.edit import edit
from workers.providers.sketch.encode import FORMATS, content_type
from workers.providers.sketch.provider import RunInChild

SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")


class Retouch:
    """`output` says what was done: {"operations", "variations", "masked", "notes"}. Counts an item for each picture."""

    def __init__(self, run_in_child: RunInChild = asyncio.to_thread) -> None:
        self._run_in_child = run_in_child

    async def generate(self, job: Job, report: Report = unheard) -> Result:
        params = job.params
        format = params.get("format") or "png"
        asked = params.get("size")
        size = SIZE.fullmatch(asked) if asked else None
        if format not in FORMATS or (asked and size is None):
            raise ProviderFailure("invalid_request", "The editor does not know this size or format.")
        if not job.inputs or not all(each.content_type.startswith("image/") for each in job.inputs):
            raise ProviderFailure("invalid_request", "The editor needs at least one input, and each must be a picture.")
        width_height = (int(size.group(1)), int(size.group(2))) if size else None
        inputs, mask = [each.data for each in job.inputs], job.mask.data if job.mask else None
        artefacts, told = [], []
        count = params.get("count") or 1
        for index in range(count):
            data, done = await self._run_in_child(
                edit, inputs, mask, job.prompt, job.negative_prompt, params.get("style"), width_height, params.get("seed"), index, format
            )
            artefacts.append(Artefact(data=data, content_type=content_type(format)))
            told.append(done)
            report(len(artefacts) / count)
        output = {**told[0], "variations": [each["operations"] for each in told[1:]]}
        return Result(artefacts=artefacts, usage={"item": len(artefacts)}, output=output)
