"""Streams of events: of one generation, and of everything that is yours; and tickets for those who cannot send a header."""

from uuid import UUID

from api.kit.answer import Answer, no_content
from api.kit.call import Call
from api.kit.shapes import moment
from api.reading import own_generation
from api.shapes.telling import StreamQuery, StreamTicket
from api.streams.account import AccountFacts
from api.streams.generation import GenerationFacts, end_of
from api.streams.passing import Passing
from api.streams.resuming import resumed
from api.streams.stream import Facts, Stream

EVENT_STREAM = "text/event-stream"


async def account(call: Call, query: StreamQuery) -> Answer:
    """Everything that happens to what is yours, as far as your credential may read it.

    It begins now, or goes on after the event that `Last-Event-ID` (or `last_event_id`) names. `Daybook-Position` says from where.
    """
    found = await resumed(call, query.last_event_id)
    begin = await call.platform.journal.head()
    passing = Passing(call)
    answer = await _opened(call, AccountFacts(call, passing, found, begin), passing)
    answer.headers["daybook-position"] = str(begin if found.after is None else found.after)
    return answer


async def generation(call: Call, id: UUID, query: StreamQuery) -> Answer:
    """A generation as it is now (`snapshot`; of a text all that is written), then what happens to it, up to its end.

    204 to whoever comes back with the id of its end, or a later one.
    """
    found = await resumed(call, query.last_event_id)
    await own_generation(call, id)
    after = None if found.reload else found.after
    end = end_of(await call.platform.journal.stream(id)) if after is not None else None
    if after is not None and end is not None and after >= end:
        return no_content()
    passing = Passing(call, only=id)
    return await _opened(call, GenerationFacts(call, passing, id, after), passing)


async def ticket(call: Call) -> Answer:
    """A ticket for one stream, where no header can be sent: `?ticket=`. It may read what your credential may."""
    assert call.principal is not None, "the kit lets nobody else in"
    text, expires_at = await call.platform.telling.tickets.issue(call.principal, now=call.now)
    return Answer(201, StreamTicket(ticket=text, expires_at=moment(expires_at)))


async def _opened(call: Call, facts: Facts, passing: Passing) -> Answer:
    """Raises TooManyStreams."""
    place = await call.platform.telling.places.take(call.account_id)
    stream = Stream(call, facts, passing)
    return Answer(200, headers={"x-accel-buffering": "no"}, content_type=EVENT_STREAM, stream=stream.send, ended=place.leave)
