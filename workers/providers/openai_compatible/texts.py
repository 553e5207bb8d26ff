"""Texts and analyses: whole, or as they are written."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from domain.generations.kinds.text import tokens_of
from domain.providers.jobs import Job, ProviderFailure, Result, Say
from workers.providers.openai_compatible.answers import choice_of, document_of, is_refused, table
from workers.providers.openai_compatible.failures import failure_of_body
from workers.providers.wire.answers import fitted
from workers.providers.wire.failures import failed
from workers.providers.wire.sse import Event, drained

DONE = "[DONE]"
#: The limit of tokens was reached.
CUT = "length"


class Written:
    """A text that is put together from the chunks of a stream."""

    def __init__(self, job: Job, say: Say) -> None:
        self._job, self._say = job, say
        self._pieces: list[str] = []
        self._reason: str | None = None
        self._usage: dict[str, Any] = {}

    async def result(self, events: AsyncIterator[Event]) -> Result:
        """Raises ProviderFailure, with what was said until then already said."""
        ended = False
        async for event in events:
            if event.data == DONE:
                ended = True
                await drained(events)
                break
            self._chunk(event.data)
        if not ended and self._reason is None:
            raise ProviderFailure("provider_error", "The provider's text broke off.", outcome_unknown=True)
        return _text(self._job, "".join(self._pieces), self._reason or "stop", self._usage)

    def _chunk(self, data: str) -> None:
        try:
            chunk = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ProviderFailure("provider_error", "The provider's text cannot be read.", outcome_unknown=True) from error
        chunk = table(chunk)
        choice = choice_of(chunk)
        for place in (chunk, choice):
            if place.get("error"):
                raise failure_of_body(200, place)
        delta = table(choice.get("delta"))
        if is_refused(choice, delta):
            raise failed("content_rejected")
        self._usage = table(chunk.get("usage")) or self._usage
        if isinstance(choice.get("finish_reason"), str):
            self._reason = choice["finish_reason"]
        text = delta.get("content")
        if isinstance(text, str) and text:
            self._pieces.append(text)
            self._say(text)


def text_of(job: Job, body: bytes) -> Result:
    """Of a 200 answer.   Raises ProviderFailure."""
    document, choice = document_of(body)
    text, reason = _said(choice)
    return _text(job, text, reason, table(document.get("usage")))


def analysis_of(job: Job, body: bytes) -> Result:
    """Of a 200 answer; with a schema its text is JSON.   Raises ProviderFailure."""
    document, choice = document_of(body)
    text, reason = _said(choice)
    if not text.strip():
        raise failed("no_output")
    usage = {"item": 1} | _counted(table(document.get("usage")))
    return Result(artefacts=[], usage=usage, output=fitted(text, job.params.get("schema")), partial=reason == CUT)


def _said(choice: dict[str, Any]) -> tuple[str, str]:
    message = table(choice.get("message"))
    if is_refused(choice, message):
        raise failed("content_rejected")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in map(table, content) if part.get("type") == "text")
    return content if isinstance(content, str) else "", str(choice.get("finish_reason") or "stop")


def _text(job: Job, text: str, reason: str, usage: dict[str, Any]) -> Result:
    if not text:
        raise failed("no_output")
    counted = _counted(usage)
    total = counted.get("input_token", 0) + counted.get("output_token", 0)
    if not total:
        words = [job.prompt, job.params.get("system") or "", *(message["content"] for message in job.params.get("messages") or [])]
        total = tokens_of(sum(map(len, words)) + len(text))
    output = {"text": text, "finish_reason": reason}
    return Result(artefacts=[], usage={"token": total} | counted, output=output, partial=reason == CUT)


def _counted(usage: dict[str, Any]) -> dict[str, int]:
    names = {"input_token": "prompt_tokens", "output_token": "completion_tokens"}
    return {unit: usage[name] for unit, name in names.items() if type(usage.get(name)) is int and usage[name] >= 0}
