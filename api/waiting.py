"""`Prefer: wait`: hold the answer until a generation is final, on the process's one tail of the log."""

from uuid import UUID

from api.kit.call import Call
from domain.generations.events import GenerationCanceled, GenerationFailed, GenerationSucceeded
from domain.generations.generation import Generation
from domain.kernel.refusals import Unavailable

FINAL_TOPICS = frozenset({GenerationCanceled.TOPIC, GenerationFailed.TOPIC, GenerationSucceeded.TOPIC})


async def final_in_time(call: Call, generation_id: UUID) -> bool:
    """Whether the generation ended within the caller's `Prefer: wait`; False also when this process stops first."""
    return bool(call.prefer_wait and await call.wait(_final(call, generation_id), call.prefer_wait))


async def _final(call: Call, generation_id: UUID) -> bool:
    async with call.platform.tail.follow(stream=generation_id) as events:
        # Looked at only after the subscription, so that an end in between is not missed.
        generation = await call.platform.journal.load(Generation, generation_id)
        if generation is None or generation.final:
            return True
        try:
            async for event in events:
                if event.topic in FINAL_TOPICS:
                    return True
        except Unavailable:
            # The tail could not keep up: the caller asks again.
            return False
    return False


def applied(call: Call) -> dict[str, str]:
    """The header that says that the wish was heard."""
    return {"preference-applied": f"wait={call.prefer_wait}"}
