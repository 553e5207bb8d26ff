"""What passes while generations run, for one reader: texts joined without loss or doubling, and how far the work is."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from api.kit.call import Call
from api.reading import folded_generation
from api.shapes.generations import Generation
from api.shapes.telling import TextDelta
from api.streams.frames import passing_frame
from api.streams.outbox import ROOM_BYTES, Outbox
from domain.generations.refusals import GenerationNotFound
from domain.telling.names import FINAL, PROGRESS, TEXT_DELTA
from domain.telling.ports import Payload, Piece, Share

#: Generations whose words come late are remembered as ended for so many others.
ENDED_MAX = 200


@dataclass
class Text:
    """What the reader has of an attempt's text: so many characters, and how they end."""

    attempt: int
    told: int = 0
    end: str = ""

    def add(self, text: str) -> None:
        self.told += len(text)
        self.end = (self.end + text)[-32:]


class Ended(msgspec.Struct):
    """Of a generation's last event, what a reader of its text needs."""

    data: "EndedData"


class EndedData(msgspec.Struct):
    output: Any


class Passing:
    """One reader's. `only`: the generation that its stream is about; None: all of the account."""

    def __init__(self, call: Call, *, only: UUID | None = None) -> None:
        self._call = call
        self._only = only
        self._texts: dict[UUID, Text] = {}
        #: As they were after their last fact.
        self._shown: dict[UUID, Generation] = {}
        self._ended: OrderedDict[UUID, None] = OrderedDict()
        #: Set when nothing is missed any more, and when what came before has been told.
        self.listening = asyncio.Event()
        self.begun = asyncio.Event()

    async def run(self, outbox: Outbox) -> None:
        """Never ends by itself."""
        async with self._call.platform.telling.hints.follow(self._call.account_id) as hints:
            self.listening.set()
            await self.begun.wait()
            async for hint in hints:
                match hint:
                    case Piece() if self._concerns(hint.generation_id):
                        await self._piece(outbox, hint)
                    case Share() if self._concerns(hint.generation_id):
                        await self._share(outbox, hint)
                    case None:
                        for generation_id, text in list(self._texts.items()):
                            await self._catch_up(outbox, generation_id, text)

    async def written(self, generation_id: UUID, attempt: int) -> str:
        """The text so far; the reader is told it now."""
        text = self._texts[generation_id] = Text(attempt)
        found = await self._call.platform.telling.hints.written(self._call.account_id, generation_id, attempt)
        text.add(found)
        return found

    async def fact(self, outbox: Outbox, payload: Payload) -> None:
        """What has to be said before *payload*: the rest of a text comes before its end."""
        generation_id = payload.generation_id
        if generation_id is None:
            return
        self._shown.pop(generation_id, None)
        if payload.type not in FINAL:
            return
        self._ended[generation_id] = None
        if len(self._ended) > ENDED_MAX:
            self._ended.popitem(last=False)
        text = self._texts.pop(generation_id, None)
        output = msgspec.json.decode(payload.body, type=Ended).data.output if text is not None and text.told else None
        whole = output.get("text") if isinstance(output, dict) else None
        if text is not None and isinstance(whole, str) and whole[: text.told].endswith(text.end):
            self._tell(outbox, generation_id, text, whole[text.told :], position=payload.position)

    def _concerns(self, generation_id: UUID) -> bool:
        return self._only in (None, generation_id) and generation_id not in self._ended

    async def _piece(self, outbox: Outbox, piece: Piece) -> None:
        text = self._texts.get(piece.generation_id)
        if text is None or piece.attempt > text.attempt:
            text = self._texts[piece.generation_id] = Text(piece.attempt)
        if piece.attempt < text.attempt:
            return
        if piece.offset > text.told:
            await self._catch_up(outbox, piece.generation_id, text)
        if piece.offset > text.told:
            # Lost for good until the result comes: the offset says so.
            text.told = piece.offset
        await self._tell_now(outbox, piece.generation_id, text, piece.text[text.told - piece.offset :])

    async def _catch_up(self, outbox: Outbox, generation_id: UUID, text: Text) -> None:
        kept = await self._call.platform.telling.hints.written(self._call.account_id, generation_id, text.attempt)
        await self._tell_now(outbox, generation_id, text, kept[text.told :])

    async def _tell_now(self, outbox: Outbox, generation_id: UUID, text: Text, rest: str) -> None:
        if rest:
            shown = await self._generation(generation_id)
            # Its end may have been told while it was looked at.
            if self._texts.get(generation_id) is text and shown is not None:
                self._tell(outbox, generation_id, text, rest, position=shown.position)

    def _tell(self, outbox: Outbox, generation_id: UUID, text: Text, rest: str, *, position: int) -> None:
        if rest:
            data = TextDelta(generation_id=str(generation_id), offset=text.told, text=rest)
            outbox.put(passing_frame(TEXT_DELTA, data, position=position, now=self._call.platform.clock.now()))
            text.add(rest)

    async def _share(self, outbox: Outbox, hint: Share) -> None:
        shown = await self._generation(hint.generation_id)
        if shown is None or shown.status != "running" or outbox.waiting > ROOM_BYTES:
            return
        shown.progress = hint.share
        outbox.put(passing_frame(PROGRESS, shown, position=shown.position, now=self._call.platform.clock.now()))

    async def _generation(self, generation_id: UUID) -> Generation | None:
        """As it is after its last fact; None once it is gone."""
        shown = self._shown.get(generation_id)
        if shown is None:
            try:
                shown = await folded_generation(self._call, generation_id)
            except GenerationNotFound:
                return None
            if generation_id not in self._ended:
                self._shown[generation_id] = shown
        return shown
