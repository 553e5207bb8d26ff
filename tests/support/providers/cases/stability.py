"""Stability AI."""

from domain.ports import Outgoing
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import BODY_BYTES_MAX, LOST, Case, Made, job_of
from tests.support.providers.stability_server import StabilityServer
from workers.providers.stability.provider import StabilityProvider


def make(server: StabilityServer, *, outgoing: Outgoing, api_key: str | None) -> StabilityProvider:
    return StabilityProvider(base_url=server.origin, api_key=api_key, outgoing=outgoing, body_bytes_max=BODY_BYTES_MAX)


CASES = [
    Case(
        name="stability",
        server=StabilityServer,
        make=make,
        job=job_of("image", upstream="core", params={"size": "1344x768", "format": "png"}),
        makes=Made(artefacts=[PIXEL], usage={"item": 1}),
        own={
            "bad base64": LOST,
            "blocked": ("content_rejected", False),
            "blocked in json": ("content_rejected", False),
            "empty": ("no_output", True),
            "empty json": ("no_output", True),
            "moderated": ("content_rejected", False),
            "out of credit": ("insufficient_provider_credit", False),
            "prompt refused": ("content_rejected", False),
        },
        lacks={"error in 200": "a failure has a status of its own"},
    ),
]
