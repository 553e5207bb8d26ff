"""Speaks sentence after sentence in child processes, then makes one file of them."""

import asyncio

from domain.providers.jobs import Artefact, Job, ProviderFailure, Report, Result, unheard
from workers.providers.sketch.provider import RunInChild
from workers.providers.voice.encode import CONTENT_TYPES, encode
from workers.providers.voice.phones import VOICES
from workers.providers.voice.speak import speak
from workers.providers.writer.sentences import sentences

VOICE_USUAL = "alto"
SPEED_MIN, SPEED_MAX = 0.5, 2.0
#: Sentences are spoken together up to so many characters; a longer one is cut at spaces.
PART_CHARACTERS = 400


class Voice:
    """Counts the characters of the prompt."""

    def __init__(self, run_in_child: RunInChild = asyncio.to_thread) -> None:
        self._run_in_child = run_in_child

    async def generate(self, job: Job, report: Report = unheard) -> Result:
        voice, format = job.params.get("voice") or VOICE_USUAL, job.params.get("format") or "mp3"
        speed = float(job.params.get("speed") or 1.0)
        if voice not in VOICES or format not in CONTENT_TYPES or not SPEED_MIN <= speed <= SPEED_MAX:
            raise ProviderFailure("invalid_request", "The speaker does not know this voice, format or speed.")
        parts = parted(job.prompt)
        samples: list[bytes] = []
        for part in parts:
            samples.append(await self._run_in_child(speak, part, voice, speed))
            report(len(samples) / (len(parts) + 1))
        data = await self._run_in_child(encode, samples, format)
        report(1.0)
        return Result(artefacts=[Artefact(data=data, content_type=CONTENT_TYPES[format])], usage={"character": len(job.prompt)})


def parted(text: str) -> list[str]:
    """The text in parts of whole sentences; at least one part, so that there is always something to hear, if only silence."""
    parts: list[str] = [""]
    for sentence in sentences(text):
        for piece in _pieces(sentence):
            if parts[-1] and len(parts[-1]) + len(piece) > PART_CHARACTERS:
                parts.append(piece)
            else:
                parts[-1] = f"{parts[-1]} {piece}".strip()
    return parts


def _pieces(sentence: str) -> list[str]:
    pieces = [""]
    for word in sentence.split():
        for start in range(0, len(word), PART_CHARACTERS):
            bit = word[start : start + PART_CHARACTERS]
            if pieces[-1] and len(pieces[-1]) + len(bit) >= PART_CHARACTERS:
                pieces.append(bit)
            else:
                pieces[-1] = f"{pieces[-1]} {bit}".strip()
    return pieces
