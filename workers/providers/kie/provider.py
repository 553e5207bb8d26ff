"""The way of a job that both of KIE's adapters go: upload, submit, look. There is no endpoint to stop a job, or to find one by our name."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.ports import Outgoing
from domain.providers.jobs import Job, LookUpUnsupported, Parked, ProviderFailure, Result, Running
from workers.providers.kie import callbacks
from workers.providers.kie.envelope import TASK_ID, data_of, look_of, read_failure, task_of
from workers.providers.kie.uploads import uploaded
from workers.providers.wire.client import POLL_SECONDS, SUBMIT_SECONDS, Call, Wire, within
from workers.providers.wire.failures import failed, table_of
from workers.providers.wire.looks import look_table
from workers.providers.wire.results import collected

BASE_URL = "https://api.kie.ai"
UPLOAD_URL = "https://kieai.redpandaai.co"
LOOK_SECONDS = 30.0


class KieProvider(ABC):
    """`submit_path` and `look_path`, what is asked and what is answered differ by model family."""

    submit_path: str
    look_path: str

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        api_key: str | None = None,
        outgoing: Outgoing,
        callback_secret: str | None = None,
        upload_url: str | None = None,
        body_bytes_max: int = 1 << 20,
    ) -> None:
        """Whoever stands in for the vendor at *base_url* takes the uploads too, unless *upload_url* says otherwise."""
        # Older settings name the API with the beginning of its paths.
        base_url = base_url.rstrip("/").removesuffix("/api/v1")
        uploads = upload_url or (UPLOAD_URL if base_url == BASE_URL else base_url)
        self._wire = Wire(base_url=base_url, api_key=api_key, read_failure=read_failure, body_bytes_max=body_bytes_max)
        self._uploads = Wire(base_url=uploads, api_key=api_key, read_failure=read_failure, body_bytes_max=body_bytes_max)
        self._outgoing = outgoing
        self._callback_secret = callback_secret

    @abstractmethod
    def body_of(self, job: Job, inputs: int) -> dict[str, Any]:
        """What is asked, without the URLs of the inputs.   Raises ProviderFailure for what the model cannot do."""

    @abstractmethod
    def with_inputs(self, body: dict[str, Any], urls: list[str]) -> dict[str, Any]:
        """*body* with the places where the inputs were uploaded."""

    @abstractmethod
    def links_of(self, data: dict[str, Any]) -> list[str] | None:
        """The links of a job that is done; None while it runs.   Raises ProviderFailure when it failed."""

    async def submit(self, job: Job, callback_url: str | None) -> Parked:
        body = self.body_of(job, len(job.inputs))
        if job.inputs:
            body = self.with_inputs(body, await uploaded(self._uploads, job, job.inputs))
        if callback_url:
            body["callBackUrl"] = callback_url
        call = Call(method="POST", url=self.submit_path, seconds=within(SUBMIT_SECONDS, job), paid=True, key=job.api_key, json=body)
        answer = await self._wire.ask(call)
        return Parked(upstream_id=task_of(data_of(answer.headers, table_of(answer.body))), poll_seconds=LOOK_SECONDS)

    async def poll(self, job: Job, parked: Parked) -> Running | Result:
        if not TASK_ID.fullmatch(parked.upstream_id):
            raise failed("invalid_request")
        url = f"{self.look_path}?taskId={parked.upstream_id}"
        call = Call(method="GET", url=url, seconds=within(POLL_SECONDS, job), paid=False, key=job.api_key)
        document = await look_table(self._wire, call)
        data = document if isinstance(document, Running) else look_of(document)
        if isinstance(data, Running):
            return data
        links = self.links_of(data)
        return Running() if links is None else await collected(self._outgoing, job, links)

    async def cancel(self, job: Job, parked: Parked) -> None:
        raise ProviderFailure("invalid_request", "This provider cannot stop a job.")

    async def look_up(self, job: Job) -> Parked | None:
        raise LookUpUnsupported

    def heard(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        return callbacks.heard(headers, body, now=now, secret=self._callback_secret)

    async def close(self) -> None:
        await self._wire.close()
        await self._uploads.close()
