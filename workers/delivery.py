"""What the caller could read of an attempt before it ended."""

import msgspec

from domain.generations.delivered import usage_of_text
from domain.generations.generation import Generation
from domain.ports import SubjectKey
from domain.providers.jobs import Job, Say
from workers.own_keys import counted


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """What it was, and what it costs."""

    price: int = 0
    usage: dict[str, int] = {}
    sealed_output: str | None = None


NOTHING = Delivered()


class Said:
    """Remembers a text while it is told."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._of: tuple[Job, SubjectKey] | None = None

    def hearing(self, job: Job, key: SubjectKey, say: Say) -> Say:
        """*say*, and remember."""
        self._of = job, key

        def both(text: str) -> None:
            self._pieces.append(text)
            say(text)

        return both

    def delivered(self, generation: Generation) -> Delivered:
        text = "".join(self._pieces)
        if self._of is None or not text:
            return NOTHING
        job, key = self._of
        usage = counted(generation, usage_of_text(job.params, job.prompt, text), assets=0)
        output = msgspec.json.encode({"text": text, "finish_reason": "canceled"}).decode()
        return Delivered(price=generation.pricing.price_of(usage), usage=usage, sealed_output=key.seal(output))
