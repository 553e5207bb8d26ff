"""The subscription of an account, as its profile shows it."""

from uuid import UUID

from api.kit.call import Call
from api.kit.shapes import moment
from api.shapes.subscriptions import OwnSubscription
from domain.subscriptions.subscription import Subscription, claim_of


async def own_subscription(call: Call, account_id: UUID) -> OwnSubscription | None:
    """The one that has not ended; the unique claim leads to it, so this is never behind."""
    subscription_id = await call.platform.journal.claimed(claim_of(account_id))
    found = None if subscription_id is None else await call.platform.journal.load(Subscription, subscription_id)
    if found is None or found.ended is not None:
        return None
    return OwnSubscription(
        id=str(found.id),
        plan=found.plan,
        status=found.status,  # type: ignore[arg-type]
        current_period_end=moment(found.period_end),
        cancel_at_period_end=found.cancel_at_period_end,
    )
