"""What comes back. A refusal is an answer with status 200: of the prompt, or of what the model made of it."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from domain.generations.kinds.text import tokens_of
from domain.providers.jobs import Artefact, Job, ProviderFailure, Result, Say
from workers.providers.gemini.failures import error_in, failure_of_error
from workers.providers.wire.answers import fitted
from workers.providers.wire.base64s import decoded
from workers.providers.wire.failures import document_of, failed, unreadable
from workers.providers.wire.sse import Event

REFUSED = frozenset(
    {"BLOCKLIST", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_SAFETY", "LANGUAGE", "PROHIBITED_CONTENT", "RECITATION", "SAFETY",
     "SPII"}
)  # fmt: skip
#: Reasons to finish with something usable, in the words that our texts end with.
USABLE = {"STOP": "stop", "MAX_TOKENS": "length"}


class Reply:
    """A GenerateContentResponse, whole or put together from a stream.   Raises ProviderFailure when it says no."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.images: list[Artefact] = []
        self.reason: str | None = None
        self._usage: dict[str, Any] = {}

    def add(self, document: Any) -> list[str]:
        """The texts that *document* adds."""
        error = error_in(document)
        if error is not None:
            raise failure_of_error(error, 200)
        if not isinstance(document, dict):
            raise unreadable()
        feedback = document.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            raise failed("content_rejected")
        self._usage = _table(document.get("usageMetadata")) or self._usage
        candidates = document.get("candidates")
        candidate = _table(candidates[0]) if isinstance(candidates, list) and candidates else {}
        texts = self._parts(_table(candidate.get("content")).get("parts"))
        # It stands beside the content, which may be missing.
        reason = candidate.get("finishReason")
        if isinstance(reason, str) and reason:
            self.reason = reason
        if self.reason in REFUSED and not self.images:
            raise failed("content_rejected")
        return texts

    def usage(self) -> dict[str, int]:
        """As far as it was counted."""
        read, wrote, thought, total = (
            _count(self._usage.get(f"{name}TokenCount")) for name in ("prompt", "candidates", "thoughts", "total")
        )
        if not total:
            return {}
        return {"token": total, "input_token": read, "output_token": wrote + thought}

    def finished(self) -> str:
        """`stop` or `length`.   Raises ProviderFailure for any other end."""
        if self.reason is None:
            raise ProviderFailure("provider_error", "The provider's answer broke off.", outcome_unknown=True)
        if self.reason not in USABLE:
            raise failed("no_output")
        return USABLE[self.reason]

    def _parts(self, parts: Any) -> list[str]:
        texts: list[str] = []
        for part in map(_table, parts if isinstance(parts, list) else []):
            # Thoughts and the drafts in them are not the answer.
            if part.get("thought"):
                continue
            data = _table(part.get("inlineData"))
            if isinstance(data.get("data"), str) and data["data"]:
                declared = data.get("mimeType")
                self.images.append(Artefact(data=decoded(data["data"]), content_type=declared if isinstance(declared, str) else None))
            elif isinstance(part.get("text"), str) and part["text"]:
                texts.append(part["text"])
        self.texts += texts
        return texts


def images_of(body: bytes) -> list[Artefact]:
    """Of a 200 answer, at least one.   Raises ProviderFailure."""
    reply = _read(body)
    if not reply.images:
        raise failed("no_output")
    return reply.images


def text_of(job: Job, body: bytes) -> Result:
    """Of a 200 answer.   Raises ProviderFailure."""
    return _text(job, _read(body))


def analysis_of(job: Job, body: bytes) -> Result:
    """Of a 200 answer; with a schema its text is JSON.   Raises ProviderFailure."""
    reply = _read(body)
    reason, text = reply.finished(), "".join(reply.texts)
    if not text.strip():
        raise failed("no_output")
    usage = {name: count for name, count in reply.usage().items() if name != "token"}
    return Result(artefacts=[], usage={"item": 1} | usage, output=fitted(text, job.params.get("schema")), partial=reason == "length")


async def written(job: Job, events: AsyncIterator[Event], say: Say) -> Result:
    """A text as it is written. There is no last event: the stream just ends.   Raises ProviderFailure."""
    reply = Reply()
    async for event in events:
        try:
            document = msgspec.json.decode(event.data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise unreadable() from error
        for text in reply.add(document):
            say(text)
    return _text(job, reply)


def _read(body: bytes) -> Reply:
    reply = Reply()
    reply.add(document_of(body))
    if reply.reason is None and not reply.images and not reply.texts:
        raise failed("no_output")
    return reply


def _text(job: Job, reply: Reply) -> Result:
    reason, text = reply.finished(), "".join(reply.texts)
    if not text:
        raise failed("no_output")
    usage = reply.usage() or {"token": tokens_of(len(job.prompt) + len(text))}
    return Result(artefacts=[], usage=usage, output={"text": text, "finish_reason": reason}, partial=reason == "length")


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0
