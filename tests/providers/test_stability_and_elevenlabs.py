"""The two that answer with bytes, beyond what holds for every adapter."""

import io
import wave
from collections.abc import Iterator
from typing import Any

import pytest

from domain.providers.jobs import Job, ProviderFailure
from infra.outgoing.http import PinnedHttp
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import KEY, job_of
from tests.support.providers.cases import elevenlabs, stability
from tests.support.providers.elevenlabs_server import ElevenLabsServer
from tests.support.providers.stability_server import StabilityServer


@pytest.fixture
def pictures() -> Iterator[StabilityServer]:
    with StabilityServer() as running:
        yield running


@pytest.fixture
def voices() -> Iterator[ElevenLabsServer]:
    with ElevenLabsServer() as running:
        yield running


def picture(**fields: Any) -> Job:
    return job_of("image", upstream="core", **fields)


def speech(**fields: Any) -> Job:
    return job_of("speech", upstream="eleven_multilingual_v2", **fields)


def field(sent: bytes, name: str) -> str | None:
    """One field of a multipart form."""
    _, found, rest = sent.partition(f'name="{name}"\r\n\r\n'.encode())
    return rest.split(b"\r\n")[0].decode() if found else None


async def test_stability_is_asked_by_form(pictures: StabilityServer):
    made = stability.make(pictures, outgoing=PinnedHttp(), api_key=KEY)
    params = {"size": "768x1344", "format": "webp", "seed": 4_294_967_295, "negative_prompt": "dogs", "style": "noir", "count": 2}
    result = await made.generate(picture(params=params))
    assert result.usage == {"item": 2} and not result.partial
    first, second = pictures.requests
    assert first.path == "/v2beta/stable-image/generate/core"
    assert first.headers["Accept"] == "image/*"
    assert first.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    names = ("prompt", "negative_prompt", "aspect_ratio", "output_format", "seed")
    assert [field(first.sent, name) for name in names] == ["a cat\nStyle: noir.", "dogs", "9:16", "webp", "4294967295"]
    assert field(second.sent, "seed") == "0"
    await made.close()


async def test_pictures_that_came_are_kept_when_the_rest_does_not(pictures: StabilityServer):
    made = stability.make(pictures, outgoing=PinnedHttp(), api_key=KEY)
    pictures.behave("only the first")
    result = await made.generate(picture(params={"count": 3}))
    assert ([each.data for each in result.artefacts], result.usage, result.partial) == ([PIXEL], {"item": 1}, True)
    assert len(pictures.requests) == 2
    await made.close()


async def test_a_picture_in_json_is_read(pictures: StabilityServer):
    made = stability.make(pictures, outgoing=PinnedHttp(), api_key=KEY)
    pictures.behave("as json")
    assert [each.data for each in (await made.generate(picture())).artefacts] == [PIXEL]
    await made.close()


@pytest.mark.parametrize(
    ("fields", "code"), [({"params": {"size": "1000x300"}}, "invalid_request"), ({"upstream": "../v1"}, "model_retired")]
)
async def test_what_stability_cannot_do_is_not_asked(pictures: StabilityServer, fields: dict[str, Any], code: str):
    made = stability.make(pictures, outgoing=PinnedHttp(), api_key=KEY)
    with pytest.raises(ProviderFailure) as failure:
        await made.generate(job_of("image", **({"upstream": "core"} | fields)))
    assert failure.value.code == code
    assert pictures.requests == []
    await made.close()


async def test_elevenlabs_is_asked_for_a_voice_and_a_format(voices: ElevenLabsServer):
    made = elevenlabs.make(voices, outgoing=PinnedHttp(), api_key=KEY)
    adapter = {"voices": {"calm": elevenlabs.VOICE}, "body": {"language_code": "en"}}
    await made.generate(speech(params={"voice": "calm", "format": "mp3", "speed": 1.2}, adapter=adapter))
    await made.generate(speech(params={"voice": "pNInz6obpgDQGcFmaJgB"}))
    first, second = voices.requests
    assert (first.path, first.query) == (f"/v1/text-to-speech/{elevenlabs.VOICE}", "output_format=mp3_44100_128")
    assert first.body == {"text": "a cat", "model_id": "eleven_multilingual_v2", "voice_settings": {"speed": 1.2}, "language_code": "en"}
    assert second.path.endswith("/pNInz6obpgDQGcFmaJgB") and second.body == {"text": "a cat", "model_id": "eleven_multilingual_v2"}
    await made.close()


async def test_bare_samples_get_the_head_of_a_recording(voices: ElevenLabsServer):
    made = elevenlabs.make(voices, outgoing=PinnedHttp(), api_key=KEY)
    result = await made.generate(speech(params={"voice": elevenlabs.VOICE, "format": "wav"}))
    with wave.open(io.BytesIO(result.artefacts[0].data)) as recording:
        assert (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) == (1, 2, 24_000)
        assert recording.readframes(100) == b"\x01\x02" * 50
    assert result.artefacts[0].content_type == "audio/wav"
    assert "output_format=pcm_24000" in voices.requests[0].query
    await made.close()


@pytest.mark.parametrize("params", [{"voice": "../voices"}, {"voice": None}, {"voice": elevenlabs.VOICE, "format": "ogg"}])
async def test_what_elevenlabs_cannot_speak_is_not_asked(voices: ElevenLabsServer, params: dict[str, Any]):
    made = elevenlabs.make(voices, outgoing=PinnedHttp(), api_key=KEY)
    with pytest.raises(ProviderFailure) as failure:
        await made.generate(speech(params=params))
    assert failure.value.code == "invalid_request"
    assert voices.requests == []
    await made.close()
