"""The events of one generation: what it is now, then what it missed and what follows, to its end."""

from collections.abc import Iterable
from uuid import UUID

from api.kit.call import Call
from api.moving import show_progress
from api.reading import folded_generation
from api.shapes.generations import Generation as Shown
from api.streams.frames import frame, passing_frame
from api.streams.outbox import Outbox
from api.streams.passing import Passing
from domain.generations.generation import Generation
from domain.kernel.refusals import Unavailable
from domain.ports import Recorded
from domain.telling.names import FINAL, STREAMED

SNAPSHOT = "snapshot"


class GenerationFacts:
    """*after*: the id that the reader had last; None: what it is now stands for all that was, but its end is told in any case."""

    def __init__(self, call: Call, passing: Passing, generation_id: UUID, after: int | None) -> None:
        self._call = call
        self._passing = passing
        self._id = generation_id
        self._after = after

    async def __call__(self, outbox: Outbox) -> None:
        platform = self._call.platform
        while True:
            async with platform.tail.follow(stream=self._id) as events:
                seen = None if self._passing.begun.is_set() else await self._snapshot(outbox)
                history = await platform.journal.stream(self._id)
                if self._after is None and seen is not None:
                    # What follows is all that the snapshot, which is older than the history, does not have; and the end.
                    end = end_of(event for event in history if event.position <= seen)
                    self._after = seen if end is None else end - 1
                self._passing.begun.set()
                for event in history:
                    if await self._ends_with(outbox, event):
                        return
                try:
                    async for event in events:
                        if await self._ends_with(outbox, event):
                            return
                    return
                except Unavailable:
                    continue

    async def _snapshot(self, outbox: Outbox) -> int:
        """It has no id: whoever has heard nothing else gets another. Returns the position that it has seen."""
        shown = await folded_generation(self._call, self._id)
        await self._as_now(shown)
        outbox.put(passing_frame(SNAPSHOT, shown, position=shown.position, now=self._call.platform.clock.now()))
        return shown.position

    async def _as_now(self, shown: Shown) -> None:
        """With what is no fact: its place in the queue, how far it is, the text so far."""
        if shown.status == "queued":
            shown.queue_position = await self._call.platform.queues.position(self._id)
        await show_progress(self._call, [shown])
        if shown.status == "running" and shown.kind == "text":
            generation = await self._call.platform.journal.load(Generation, self._id)
            assert generation is not None, "it was just shown"
            if text := await self._passing.written(self._id, generation.attempt):
                shown.output = {"text": text, "finish_reason": None}

    async def _ends_with(self, outbox: Outbox, event: Recorded) -> bool:
        """Tell *event*, unless the reader has it."""
        assert self._after is not None, "the snapshot comes first"
        if event.topic not in STREAMED or event.position <= self._after:
            return False
        self._after = event.position
        for payload in await self._call.platform.telling.rendering.payloads(event):
            await self._passing.fact(outbox, payload)
            outbox.put(frame(payload.type, payload.body, id=event.position))
        await outbox.room()
        return not FINAL.isdisjoint(STREAMED[event.topic])


def end_of(history: Iterable[Recorded]) -> int | None:
    """The position of the final event; None while it is open."""
    return next((event.position for event in history if not FINAL.isdisjoint(STREAMED.get(event.topic, ()))), None)
