"""The provider `elevenlabs`: speech, awaited."""

from domain.ports import Outgoing
from domain.providers.jobs import Job, Report, Result, Say, unheard, unsaid
from workers.providers.elevenlabs.answers import recording_of, usage_of
from workers.providers.elevenlabs.failures import read_failure
from workers.providers.elevenlabs.requests import body_of, format_of, path_of
from workers.providers.wire.base64s import aside
from workers.providers.wire.client import BODY_BYTES_MAX, Call, Wire
from workers.providers.wire.keys import named

BASE_URL = "https://api.elevenlabs.io"


class ElevenLabsProvider:
    """Implements `domain.ports.Provider`."""

    def __init__(
        self, *, base_url: str = BASE_URL, api_key: str | None = None, outgoing: Outgoing, body_bytes_max: int = BODY_BYTES_MAX
    ) -> None:
        self._wire = Wire(
            base_url=base_url, api_key=api_key, show_key=named("xi-api-key"), read_failure=read_failure, body_bytes_max=body_bytes_max
        )

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        call = Call(
            method="POST", url=path_of(job), seconds=job.timeout_seconds, paid=True, key=job.api_key, json=body_of(job)
        )  # fmt: skip
        answer = await self._wire.ask(call)
        artefact = await aside(len(answer.body), recording_of, answer, format_of(job))
        return Result(artefacts=[artefact], usage=usage_of(job.prompt, answer.headers))

    async def close(self) -> None:
        await self._wire.close()
