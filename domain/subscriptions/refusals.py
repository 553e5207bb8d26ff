"""What a subscription refuses."""

from domain.kernel.refusals import Conflicting, Missing, Unprocessable


class PlanNotFound(Unprocessable):
    detail = "There is no plan {plan!r}. GET /v1/subscriptions/plans lists them."


class SubscriptionEnded(Conflicting):
    detail = "The subscription has ended. Begin a new one."


class SubscriptionExists(Conflicting):
    """One at a time, so that nobody pays twice for a month."""

    detail = "There is a subscription already. Cancel it first."


class SubscriptionNotFound(Missing):
    detail = "There is no such subscription."
