"""What is told to several readers of one account is made once."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from domain.ports import Recorded
from domain.telling.ports import Payload, Rendering

EVENTS_MAX = 256


class SharedRendering:
    """Implements `domain.telling.ports.Rendering` for many streams at once: remembers the last events it was asked for."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        self._making: OrderedDict[tuple[int, int | None], asyncio.Task[Sequence[Payload]]] = OrderedDict()

    async def payloads(self, event: Recorded, *, output_bytes_max: int | None = None) -> Sequence[Payload]:
        place = event.position, output_bytes_max
        making = self._making.get(place)
        if making is None:
            making = self._making[place] = asyncio.ensure_future(self._rendering.payloads(event, output_bytes_max=output_bytes_max))
            making.add_done_callback(lambda made: self._forget_failed(place, made))
            if len(self._making) > EVENTS_MAX:
                self._making.popitem(last=False)
        # Whoever leaves meanwhile leaves the others what is being made.
        return await asyncio.shield(making)

    def _forget_failed(self, place: tuple[int, int | None], made: asyncio.Task[Sequence[Payload]]) -> None:
        if (made.cancelled() or made.exception() is not None) and self._making.get(place) is made:
            del self._making[place]
