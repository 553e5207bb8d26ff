"""Spans of what workers do, in the trace of the request that it follows from. Nothing is looked up while nobody traces."""

import logging
from uuid import UUID

from domain.ports import Journal, Tracing

logger = logging.getLogger(__name__)


class Traced:
    """What is lost of a trace never harms the work."""

    def __init__(self, journal: Journal, tracing: Tracing) -> None:
        self._journal = journal
        self._tracing = tracing

    async def attempt(self, generation_id: UUID, attempt: int, outcome: str, seconds: float) -> None:
        """An attempt has ended: "succeed", "retry" …"""
        failed = None if outcome in ("succeed", "cancel") else outcome
        facts = {"generation_id": str(generation_id), "attempt": str(attempt), "outcome": outcome}
        await self._of_generation(generation_id, "attempt", seconds, _place(generation_id, attempt), "", failed, facts)

    async def provider(self, generation_id: UUID, attempt: int, provider: str, seconds: float, failed: str | None) -> None:
        """A provider has answered within an attempt."""
        within = _place(generation_id, attempt)
        facts = {"generation_id": str(generation_id), "provider": provider}
        await self._of_generation(generation_id, f"provider {provider}", seconds, f"{within}/provider", within, failed, facts)

    async def delivery(self, position: int, delivery_id: UUID, attempts: int, seconds: float, failed: str | None) -> None:
        """A try of a webhook delivery about the event at *position*."""
        if not self._tracing.on:
            return
        try:
            [event] = await self._journal.read(position - 1, 1)
            # What follows from a request may be told by whoever came later: a worker's facts name no request themselves.
            correlation = event.correlation or await self._correlation(event.stream)
        except Exception:
            logger.warning("a span is lost", exc_info=True)
            return
        place, facts = f"{delivery_id}/{attempts}", {"delivery_id": str(delivery_id)}
        self._ended("webhook", correlation, seconds, place, "", failed, facts)

    async def _of_generation(
        self, generation_id: UUID, name: str, seconds: float, place: str, within: str, failed: str | None, facts: dict[str, str]
    ) -> None:
        if not self._tracing.on:
            return
        try:
            correlation = await self._correlation(generation_id)
        except Exception:
            logger.warning("a span is lost", exc_info=True)
            return
        self._ended(name, correlation, seconds, place, within, failed, facts)

    async def _correlation(self, stream: UUID) -> str:
        """Of the request that began the stream."""
        return (await self._journal.stream(stream))[0].correlation

    def _ended(
        self, name: str, correlation: str, seconds: float, place: str, within: str, failed: str | None, facts: dict[str, str]
    ) -> None:
        # What a schedule or a command began belongs to no request.
        if correlation:
            self._tracing.ended(name, trace=correlation, seconds=seconds, place=place, within=within, failed=failed, **facts)


def _place(generation_id: UUID, attempt: int) -> str:
    return f"{generation_id}/{attempt}"
