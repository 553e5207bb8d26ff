"""Webhooks, put together: the outbox that follows the log, and the sender."""

from daybook.settings import Settings
from infra.webhooks.outbox import Outbox
from workers.orders import Orders
from workers.platform import WorkerPlatform
from workers.tracing import Traced
from workers.webhooks.messages import Messages
from workers.webhooks.sender import Rules, Sender


def outbox_of(platform: WorkerPlatform) -> Outbox:
    return Outbox(platform.clock)


def sender_of(settings: Settings, platform: WorkerPlatform) -> Sender:
    assert platform.deliveries is not None and platform.rendering is not None, "whoever sends was given what there is to send"
    return Sender(
        deliveries=platform.deliveries,
        messages=Messages(journal=platform.journal, vault=platform.vault, clock=platform.clock, rendering=platform.rendering),
        outgoing=platform.outgoing,
        orders=Orders(platform.journal, platform.clock, "webhooks"),
        counts=platform.counts,
        traced=Traced(platform.journal, platform.tracing),
        owner=platform.ids.new(),
        rules=Rules(retry_seconds=settings.webhook_retries, days=settings.delivery_days),
    )
