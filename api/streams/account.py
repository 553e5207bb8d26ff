"""The events of an account: those it missed, by page, then as they happen."""

from api.kit.call import Call
from api.streams.frames import frame, passing_frame
from api.streams.outbox import Outbox
from api.streams.passing import Passing
from api.streams.resuming import Resumed, reload_id
from domain.kernel.refusals import Unavailable
from domain.ports import Recorded
from domain.telling.names import STREAMED, scope_of

PAGE_EVENTS = 100
RELOAD = "reload"


class AccountFacts:
    """From *begin* on, or after what the reader *resumed* with; each event exactly once, in the log's order."""

    def __init__(self, call: Call, passing: Passing, resumed: Resumed, begin: int) -> None:
        self._call = call
        self._passing = passing
        self._reload = resumed.reload
        self._last = begin if resumed.after is None else resumed.after

    async def __call__(self, outbox: Outbox) -> None:
        if self._reload:
            # He reads everything anew; from here on he misses nothing.
            self._last = await reload_id(self._call)
            now = self._call.platform.clock.now()
            outbox.put(passing_frame(RELOAD, None, position=self._last, now=now, id=self._last))
        self._passing.begun.set()
        while True:
            async with self._call.platform.tail.follow(account_id=self._call.account_id) as events:
                # Read only after the subscription, so that nothing falls between the two.
                await self._catch_up(outbox)
                try:
                    async for event in events:
                        if event.position > self._last:
                            await self._tell(outbox, event)
                    return
                except Unavailable:
                    # More came at once than waits for a reader: the log has it all.
                    continue

    async def _catch_up(self, outbox: Outbox) -> None:
        journal, account_id = self._call.platform.journal, self._call.account_id
        while page := await journal.of_account(account_id, STREAMED, after=self._last, limit=PAGE_EVENTS):
            for event in page:
                await self._tell(outbox, event)
                await outbox.room()

    async def _tell(self, outbox: Outbox, event: Recorded) -> None:
        principal = self._call.principal
        assert principal is not None, "streams are told to accounts"
        payloads = await self._call.platform.telling.rendering.payloads(event)
        told = [payload for payload in payloads if principal.may(scope_of(payload.type))]
        for payload in told:
            await self._passing.fact(outbox, payload)
            # Of two events of one position only the last has the id: who is cut off between them is told both again.
            outbox.put(frame(payload.type, payload.body, id=event.position if payload is told[-1] else None))
        self._last = event.position
