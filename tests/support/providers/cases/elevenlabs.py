"""ElevenLabs."""

from domain.ports import Outgoing
from tests.support.providers.case import BODY_BYTES_MAX, LOST, Case, Made, job_of
from tests.support.providers.elevenlabs_server import SPEECH, ElevenLabsServer
from workers.providers.elevenlabs.provider import ElevenLabsProvider

VOICE = "21m00Tcm4TlvDq8ikWAM"


def make(server: ElevenLabsServer, *, outgoing: Outgoing, api_key: str | None) -> ElevenLabsProvider:
    return ElevenLabsProvider(base_url=server.origin, api_key=api_key, outgoing=outgoing, body_bytes_max=BODY_BYTES_MAX)


CASES = [
    Case(
        name="elevenlabs",
        server=ElevenLabsServer,
        make=make,
        job=job_of(
            "speech", upstream="eleven_multilingual_v2", params={"voice": "calm", "format": "mp3"}, adapter={"voices": {"calm": VOICE}}
        ),
        makes=Made(artefacts=[SPEECH], usage={"character": 5, "provider_character": 3}),
        shows=lambda key: ("xi-api-key", key),
        own={
            "blocked": ("content_rejected", False),
            "busy": ("overloaded", True),
            "concurrent": ("rate_limited", True),
            "empty": ("no_output", True),
            "error in 200": LOST,
            "faulty": ("invalid_request", False),
            "no such model": ("model_retired", False),
            "no such voice": ("invalid_request", False),
            "paid plan": ("insufficient_provider_credit", False),
            "quota": ("insufficient_provider_credit", False),
            "unknown key": ("auth", False),
        },
    ),
]
