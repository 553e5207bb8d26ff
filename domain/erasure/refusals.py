"""What stands in the way of an erasure."""

from domain.kernel.refusals import Conflicting


class SubscriptionRunning(Conflicting):
    """Where nothing can be said to the payment service, nobody is erased who would go on paying."""

    detail = "The account has a subscription. Cancel it first, or erase the account over HTTP, which cancels it."
