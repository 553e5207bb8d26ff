"""Providers for tests of workers, made by a picklable function like the real ones: `adapter` of the model says what happens."""

import asyncio
import io
import os
import signal
from collections.abc import Mapping

from PIL import Image

from domain.ports import Provider
from domain.providers.jobs import Artefact, Job, ProviderFailure, Report, Result, Say, unheard, unsaid
from workers.ports import Run


def make_providers(*, run_in_child: Run) -> Mapping[str, Provider]:
    return {"scripted": ScriptedProvider(run_in_child)}


class ScriptedProvider:
    """Sleeps `sleep_ms`; fails `times` times with code `fail`; dies with its process (`kill`); answers a `picture` or `garbage`."""

    def __init__(self, run_in_child: Run) -> None:
        self._run_in_child = run_in_child

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        script = job.adapter
        await asyncio.sleep(script.get("sleep_ms", 0) / 1000)
        if script.get("kill"):
            await self._run_in_child(die)
        if script.get("defect"):
            raise ZeroDivisionError
        if job.attempt <= script.get("times", 0):
            raise ProviderFailure(script["fail"], "As the script says.", retry_after_seconds=script.get("retry_after"))
        for word in script.get("say", ()):
            say(word)
        artefacts = []
        if script.get("picture"):
            artefacts.append(Artefact(data=await self._run_in_child(picture), content_type="image/png"))
            report(1.0)
        if script.get("garbage"):
            artefacts.append(Artefact(data=b"<html>502</html>", content_type="image/png"))
        return Result(artefacts=artefacts, usage={"item": job.params.get("count", 1)})

    async def close(self) -> None:
        return None


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(out, "PNG")
    return out.getvalue()
