"""The provider `kie-runway`."""

from typing import Any

from domain.providers.jobs import Job
from workers.providers.kie.provider import KieProvider
from workers.providers.kie_runway.answers import links_of
from workers.providers.kie_runway.requests import body_of


class KieRunwayProvider(KieProvider):
    """Implements `domain.ports.LongProvider`."""

    submit_path = "/api/v1/runway/generate"
    look_path = "/api/v1/runway/record-detail"

    def body_of(self, job: Job, inputs: int) -> dict[str, Any]:
        return body_of(job, inputs)

    def with_inputs(self, body: dict[str, Any], urls: list[str]) -> dict[str, Any]:
        return body | {"imageUrl": urls[0]}

    def links_of(self, data: dict[str, Any]) -> list[str] | None:
        return links_of(data)
