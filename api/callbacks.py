"""What providers say of long jobs. It only makes us look sooner: the job itself is always read again."""

from api.kit.answer import Answer, no_content
from api.kit.call import Call
from api.kit.refusals import NotFound
from domain.dispatch.callbacks import called


async def hear(call: Call, provider: str, token: str) -> Answer:
    """A provider's callback. Whatever it says of a job that we wait for, 204; saying it twice, or too late, changes nothing."""
    platform = call.platform
    found = called(platform.vault, provider, token)
    if found is None or platform.hearing is None or platform.parked is None:
        raise NotFound()
    sent = call.request.headers
    headers = {name.lower(): ",".join(sent.getall(name)) for name in sent}
    if await platform.hearing.believed(provider, headers, call.request.body, now=platform.clock.now()):
        await platform.parked.wake(found.generation_id)
    return no_content()
