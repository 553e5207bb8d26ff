"""Makes a clip second by second in child processes: it can be canceled between two, and no process holds all of its frames."""

import asyncio

from domain.providers.jobs import Artefact, Job, ProviderFailure, Report, Result, unheard
from workers.providers.clip.encode import encode_second, join
from workers.providers.clip.layers import paint
from workers.providers.clip.plan import ASPECT_RATIOS, FRAMES_PER_SECOND, QUALITIES, Plan, plan
from workers.providers.clip.sound.mix import mix
from workers.providers.sketch.provider import RunInChild

SECONDS_MAX = 10
USUAL = {"duration": 5, "quality": "480p", "aspect_ratio": "16:9"}


class Clip:
    """`output` says what was played: {"move", "light", "sounds", "unheard_triggers"}. Counts its seconds."""

    def __init__(self, run_in_child: RunInChild = asyncio.to_thread) -> None:
        self._run_in_child = run_in_child

    async def generate(self, job: Job, report: Report = unheard) -> Result:
        planned = _plan(job)
        if job.inputs and not job.inputs[0].content_type.startswith("image/"):
            raise ProviderFailure("invalid_request", "The first frame must be a picture.")
        layers = await self._run_in_child(paint, planned, job.inputs[0].data if job.inputs else None)
        report(steps_done(planned, 0))
        encoded: list[bytes] = []
        for start in range(0, planned.frames, FRAMES_PER_SECOND):
            encoded.append(await self._run_in_child(encode_second, planned, layers, start))
            report(steps_done(planned, len(encoded)))
        data = await self._run_in_child(finish, planned, encoded)
        report(1.0)
        output = {"move": planned.move, "light": planned.light, "sounds": list(planned.sounds), "unheard_triggers": list(planned.unheard)}
        return Result(artefacts=[Artefact(data=data, content_type="video/mp4")], usage={"second": planned.seconds}, output=output)


def finish(planned: Plan, encoded: list[bytes]) -> bytes:
    """The sound is made where it is joined: it need not travel."""
    return join(planned, encoded, mix(planned))


def steps_done(planned: Plan, seconds: int) -> float:
    """The painting is one step, each second is one, the sound is one."""
    return (1 + seconds) / (planned.seconds + 2)


def _plan(job: Job) -> Plan:
    asked = {name: job.params.get(name) or usual for name, usual in USUAL.items()}
    duration = asked["duration"]
    if asked["quality"] not in QUALITIES or asked["aspect_ratio"] not in ASPECT_RATIOS:
        raise ProviderFailure("invalid_request", "The renderer does not know this quality or aspect ratio.")
    if not isinstance(duration, int) or not 1 <= duration <= SECONDS_MAX:
        raise ProviderFailure("invalid_request", f"A clip lasts from 1 to {SECONDS_MAX} whole seconds.")
    return plan(
        job.prompt,
        job.params.get("style"),
        job.params.get("seed"),
        duration,
        str(asked["quality"]),
        str(asked["aspect_ratio"]),
        job.params.get("triggers") or (),
    )
