"""What a payment service tells us about money."""

from collections.abc import Mapping
from typing import Any

import msgspec

from api.hearing import take
from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.refusals import NotFound
from api.kit.shapes import Count, Shown
from domain.kernel.refusals import Conflicting, Missing, Refusal
from domain.payments.ports import PaymentEvent, SubscriptionChanged

STRIPE = "stripe"
#: What was read of a subscription may be old by the time it is written; then it is read again.
ROUNDS_MAX = 3


class Heard(Shown):
    """`taken`: so many facts followed; 0 for what was known before, and for messages that are not about us."""

    taken: Count


async def stripe_webhook(call: Call) -> Answer:
    """Stripe's messages. Each only says where to look: what it is about is read again. 200 means that what follows is committed."""
    if call.platform.payments.name != STRIPE:
        raise NotFound()
    taken = 0
    for _ in range(ROUNDS_MAX):
        news = await _round(call)
        taken += len(news)
        if not any(isinstance(event, SubscriptionChanged) for event in news):
            break
    return ok(Heard(taken=taken))


async def _round(call: Call) -> list[PaymentEvent]:
    """Take everything that the message leads to; what of it was new."""
    sent = call.request.headers
    headers = {name: ",".join(sent.getall(name)) for name in sent}
    event: PaymentEvent | None = None
    news = []
    try:
        for event in await call.platform.payments.heard(headers, call.request.body, now=call.platform.clock.now()):
            if await take(call, event):
                news.append(event)
    except (Conflicting, Missing) as refusal:
        _tell(call, refusal, {} if event is None else msgspec.structs.asdict(event))
        raise
    return news


def _tell(call: Call, refusal: Refusal, event: Mapping[str, Any]) -> None:
    """Money that is refused is an operator's business. The sender repeats it for days, and each time it stands in the log."""
    facts = {name: value for name, value in event.items() if value is not None}
    call.kit.log.error("payment refused", request_id=call.request_id, code=refusal.code, detail=str(refusal), heard=facts)
