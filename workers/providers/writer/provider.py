"""Says what was written word by word, and counts what was said."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from domain.providers.jobs import Job, Result, Say, unsaid
from workers.providers.sketch.provider import RunInChild
from workers.providers.writer.task import text_of
from workers.providers.writer.tokens import pieces, tokens, tokens_of, words_within
from workers.providers.writer.write import write

#: Longer requests are worked on in a child process; a short one is done before a child has been found.
CHARACTERS_HERE = 20_000
TEMPERATURE_USUAL = 0.0


class Writer:
    """Answers with `output` {"text", "finish_reason"}. `adapter.delay_ms` is the pause between words."""

    def __init__(self, run_in_child: RunInChild = asyncio.to_thread) -> None:
        self._run_in_child = run_in_child

    async def generate(self, job: Job, say: Say = unsaid) -> Result:
        messages: Sequence[Mapping[str, Any]] = job.params.get("messages") or ()
        system = job.params.get("system") or None
        temperature = job.params.get("temperature")
        asked = [job.prompt, system or "", *(text_of(each.get("content")) for each in messages)]
        request = (job.prompt, list(messages), system, TEMPERATURE_USUAL if temperature is None else float(temperature))
        short = sum(map(len, asked)) <= CHARACTERS_HERE
        text = write(*request) if short else await self._run_in_child(write, *request)
        said, cut = await self._said(text, job, say)
        heard = sum(map(tokens_of, asked))
        return Result(
            artefacts=[],
            usage={"token": heard + tokens_of(said), "input_token": heard, "output_token": tokens_of(said)},
            output={"text": said, "finish_reason": "length" if cut else "stop"},
            partial=cut,
        )

    async def _said(self, text: str, job: Job, say: Say) -> tuple[str, bool]:
        """What was said, and whether `max_tokens` ended it. A cancel ends it between two words."""
        delay_seconds = float(job.adapter.get("delay_ms", 0)) / 1000
        every = pieces(text)
        tokens_max = job.params.get("max_tokens")
        allowed = every if tokens_max is None or tokens(len(every)) <= tokens_max else every[: words_within(tokens_max)]
        for number, piece in enumerate(allowed, 1):
            say(piece.rstrip() if number == len(allowed) else piece)
            await asyncio.sleep(delay_seconds)
        return "".join(allowed).rstrip(), len(allowed) < len(every)
