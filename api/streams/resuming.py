"""Where a stream goes on: the id that the client had last, and whether the log still is the one it comes from."""

import re
from typing import NamedTuple

from api.kit.call import Call
from api.kit.refusals import InvalidHeader, PositionUnknown
from projections.notary.incarnations import Restore, restores

_NUMBER = re.compile(r"[0-9]{1,18}")
HEADER = "last-event-id"


class Resumed(NamedTuple):
    """`after`: the position of the client's last event; None: it begins now. `reload`: what it knows may have been lost since."""

    after: int | None
    reload: bool = False


async def resumed(call: Call, asked: str | None) -> Resumed:
    """From the header, which a browser sends by itself, else from the query parameter *asked*.   Raises PositionUnknown, InvalidHeader."""
    lines = call.request.headers.getall(HEADER, ())
    if len(lines) > 1:
        raise InvalidHeader(header="Last-Event-ID", reason="was sent twice")
    last = lines[0] if lines else asked
    if last is None:
        return Resumed(None)
    if not _NUMBER.fullmatch(last):
        raise PositionUnknown()
    head = await call.platform.journal.head()
    if int(last) > head:
        # A restore may have lost the end of the log: a browser that is refused would never come again.
        if not await _restores(call):
            raise PositionUnknown()
        return Resumed(head, reload=True)
    return Resumed(int(last), reload=await _reloads(call, int(last)))


async def reload_id(call: Call) -> int:
    """An id that says that its client knows of every restore: the account's last event, or the last restore itself."""
    last = await call.platform.journal.last_position(call.account_id)
    return max([last, *(each.position for each in await _restores(call))])


async def _reloads(call: Call, after: int) -> bool:
    """Positions are used again after a restore. Whoever stopped before it missed it; whoever has an id of no event of his is of before."""
    known = await _restores(call)
    if not known:
        return False
    if any(each.lost_from > after for each in known):
        return True
    if after < known[-1].lost_from or after == known[-1].position:
        return False
    found = await call.platform.journal.read(after - 1, 1)
    return not found or found[0].account_id != call.account_id


async def _restores(call: Call) -> list[Restore]:
    async with call.platform.reads.connection() as connection:
        return await restores(connection)
