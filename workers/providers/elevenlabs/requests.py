"""What is asked. A model's `adapter` may say:

voices  = { calm = "21m00Tcm4TlvDq8ikWAM" }       # our word -> their voice; any other word is taken as theirs
formats = { mp3 = "mp3_44100_192" }               # our format -> theirs
body    = { apply_text_normalization = "on" }     # fields sent as they stand
"""

import re
from typing import Any
from urllib.parse import urlencode

from domain.providers.jobs import Job, ProviderFailure

VOICE = re.compile(r"[A-Za-z0-9]{1,64}")
#: Wav is asked for as bare samples, which every plan may have, and gets its head here.
FORMATS = {"mp3": "mp3_44100_128", "wav": "pcm_24000"}


def path_of(job: Job) -> str:
    """Raises ProviderFailure."""
    word = job.params.get("voice") or job.adapter.get("voice", "")
    voice = job.adapter.get("voices", {}).get(word, word)
    if not VOICE.fullmatch(voice):
        raise ProviderFailure("invalid_request", "This model has no such voice.")
    return f"/v1/text-to-speech/{voice}?{urlencode({'output_format': format_of(job)})}"


def format_of(job: Job) -> str:
    """Their name of the format.   Raises ProviderFailure."""
    found = (FORMATS | job.adapter.get("formats", {})).get(job.params.get("format") or "mp3")
    if found is None:
        raise ProviderFailure("invalid_request", "This model does not speak in this format.")
    return str(found)


def body_of(job: Job) -> dict[str, Any]:
    body: dict[str, Any] = {"text": job.prompt, "model_id": job.upstream}
    speed = job.params.get("speed", 1)
    if speed != 1:
        body["voice_settings"] = {"speed": speed}
    return body | job.adapter.get("body", {})
