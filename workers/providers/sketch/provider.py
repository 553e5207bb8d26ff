"""Draws in a child process, so that a heavy picture never starves whoever renews leases."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from domain.providers.jobs import Artefact, Job, ProviderFailure, Report, Result, Say, unheard, unsaid
from workers.providers.sketch.encode import FORMATS, content_type
from workers.providers.sketch.render import render

#: Runs a pure, picklable function elsewhere and gives its result.
RunInChild = Callable[..., Awaitable[Any]]
SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")
SIZE_DEFAULT = "1024x1024"


class SketchProvider:
    """Draws `params.count` pictures. Counts an item for each."""

    def __init__(self, run_in_child: RunInChild = asyncio.to_thread) -> None:
        self._run_in_child = run_in_child

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        params = job.params
        format = params.get("format") or "png"
        size = SIZE.fullmatch(params.get("size") or SIZE_DEFAULT)
        if format not in FORMATS or size is None:
            raise ProviderFailure("invalid_request", "The renderer does not know this size or format.")
        width, height = map(int, size.groups())
        artefacts = []
        count = params.get("count") or 1
        for index in range(count):
            data = await self._run_in_child(
                render, job.prompt, job.negative_prompt, params.get("style"), params.get("seed"), width, height, index, format
            )
            artefacts.append(Artefact(data=data, content_type=content_type(format)))
            report(len(artefacts) / count)
        return Result(artefacts=artefacts, usage={"item": len(artefacts)})

    async def close(self) -> None:
        return None
