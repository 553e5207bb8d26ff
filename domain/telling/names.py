"""Table of contents: topic of the log -> what its account is told, under which public name.

A stream of events and a webhook call the same thing by the same name. A fact may be told under more than one name, and under
none at all when its circumstances say so; `PUBLIC` lists all that are possible.
"""

from collections.abc import Mapping

from domain.assets import events as assets
from domain.credits import events as credits
from domain.generations import events as generations
from domain.orders import events as orders
from domain.subscriptions import events as subscriptions

SCHEDULED, QUEUED = "generation.scheduled", "generation.queued"
CHANGED, LOW = "credits.changed", "credits.low"
#: Told while they last; they are no facts, so they have no position.
PROGRESS, TEXT_DELTA = "generation.progress", "generation.text_delta"
PASSING = frozenset({PROGRESS, TEXT_DELTA})
FINAL = frozenset({"generation.canceled", "generation.failed", "generation.succeeded"})

_BALANCE = (LOW, CHANGED)

PUBLIC: Mapping[str, tuple[str, ...]] = {
    assets.AssetDeleted.TOPIC: ("asset.deleted",),
    assets.AssetStored.TOPIC: ("asset.created",),
    credits.CreditsAdjusted.TOPIC: _BALANCE,
    credits.CreditsGranted.TOPIC: (CHANGED,),
    credits.CreditsHeld.TOPIC: _BALANCE,
    credits.DebtCleared.TOPIC: _BALANCE,
    credits.DebtIncurred.TOPIC: (CHANGED,),
    credits.GrantExpired.TOPIC: _BALANCE,
    credits.GrantRevoked.TOPIC: _BALANCE,
    credits.HoldCaptured.TOPIC: (CHANGED,),
    credits.HoldReleased.TOPIC: (CHANGED,),
    generations.GenerationCanceled.TOPIC: ("generation.canceled",),
    generations.GenerationFailed.TOPIC: ("generation.failed",),
    generations.GenerationQueued.TOPIC: (QUEUED,),
    generations.GenerationRequested.TOPIC: (SCHEDULED, QUEUED),
    generations.GenerationRetrying.TOPIC: ("generation.retrying",),
    generations.GenerationStarted.TOPIC: ("generation.started",),
    generations.GenerationSucceeded.TOPIC: ("generation.succeeded",),
    orders.OrderPaid.TOPIC: ("purchase.paid",),
    orders.OrderReversed.TOPIC: ("purchase.refunded",),
    subscriptions.PeriodPaid.TOPIC: ("subscription.updated",),
    subscriptions.PeriodReversalUndone.TOPIC: ("subscription.updated",),
    subscriptions.PeriodReversed.TOPIC: ("subscription.updated",),
    subscriptions.PeriodUnpaid.TOPIC: ("subscription.updated",),
    subscriptions.SubscriptionCancelRequested.TOPIC: ("subscription.updated",),
    subscriptions.SubscriptionChanged.TOPIC: ("subscription.updated",),
    subscriptions.SubscriptionEnded.TOPIC: ("subscription.updated",),
}
#: The rest of a generation's timeline: streams tell all of it, webhooks only what is above.
TIMELINE: Mapping[str, tuple[str, ...]] = {
    generations.ChargeRefunded.TOPIC: ("generation.charge_refunded",),
    generations.GenerationCancelRequested.TOPIC: ("generation.cancel_requested",),
    generations.GenerationDeleted.TOPIC: ("generation.deleted",),
    generations.GenerationRepeated.TOPIC: ("generation.repeated",),
    generations.GenerationSubmitted.TOPIC: ("generation.submitted",),
    generations.GenerationSubmitting.TOPIC: ("generation.submitting",),
}
STREAMED: Mapping[str, tuple[str, ...]] = {**PUBLIC, **TIMELINE}
#: Topic, or feature as a whole -> why nobody is told.
UNTOLD: Mapping[str, str] = {
    "accounts": "the owner's own doing, or a matter of access: streams end with it",
    assets.AssetRenamed.TOPIC: "the owner's own doing",
    assets.AssetShared.TOPIC: "the owner's own doing",
    assets.AssetUnshared.TOPIC: "the owner's own doing",
    credits.CreditAccountOpened.TOPIC: "nothing is in it yet",
    credits.CreditsResumed.TOPIC: "seen at the next request",
    credits.CreditsSuspended.TOPIC: "seen at the next request",
    credits.RevocationDeferred.TOPIC: "moves nothing yet",
    "notary": "belongs to no account; whoever resumes after a restore is told to reload",
    "operators": "what operators order is seen in what becomes of queues, workers and generations",
    orders.OrderCanceled.TOPIC: "nothing was paid",
    orders.OrderCheckoutOpened.TOPIC: "the answer to buying",
    orders.OrderPlaced.TOPIC: "the answer to buying",
    orders.OrderReversalUndone.TOPIC: "told as credits.changed by the grant that gives it back",
    "provider_keys": "the owner's own doing",
    "schedules": "the owner's own doing; the generations they ask for are told",
    subscriptions.SubscriptionCheckoutOpened.TOPIC: "the answer to subscribing",
    subscriptions.SubscriptionRequested.TOPIC: "the answer to subscribing",
    "webhooks": "the owner's own doing, or seen at the endpoint: who is not reached cannot be told by the same way",
}
#: What a webhook endpoint may ask for.
DURABLE = frozenset(name for names in PUBLIC.values() for name in names)
_SCOPES = {"asset": "assets:read", "generation": "generations:read"}


def scope_of(name: str) -> str:
    """What a credential must be allowed to read to be told *name*."""
    return _SCOPES.get(name.partition(".")[0], "credits:read")
