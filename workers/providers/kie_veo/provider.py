"""The provider `kie-veo`."""

from typing import Any

from domain.providers.jobs import Job
from workers.providers.kie.provider import KieProvider
from workers.providers.kie_veo.answers import links_of
from workers.providers.kie_veo.requests import body_of


class KieVeoProvider(KieProvider):
    """Implements `domain.ports.LongProvider`."""

    submit_path = "/api/v1/veo/generate"
    look_path = "/api/v1/veo/record-info"

    def body_of(self, job: Job, inputs: int) -> dict[str, Any]:
        return body_of(job, inputs)

    def with_inputs(self, body: dict[str, Any], urls: list[str]) -> dict[str, Any]:
        return body | {"imageUrls": urls}

    def links_of(self, data: dict[str, Any]) -> list[str] | None:
        return links_of(data)
