"""Ids that follow from others, so that whoever makes a delivery twice makes the same one."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from domain.kernel.ids import WEBHOOKS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_id(*, stream: UUID, version: int, recorded_at: datetime, name: str) -> str:
    """`webhook-id` of a fact told as *name*. Its time makes it differ from what stood in the same place of a log that was lost."""
    microseconds = (recorded_at - EPOCH) // timedelta(microseconds=1)
    return told_as(uuid5(WEBHOOKS, f"{stream}:{version}:{microseconds}:{name}"))


def told_as(event: UUID) -> str:
    """An id as receivers see it: without dots."""
    return f"evt_{event.hex}"


def delivery_id(target_id: UUID, event: str) -> UUID:
    """The delivery of one event to one target."""
    return uuid5(target_id, event)


def target_of_url(account_id: UUID, index: str) -> UUID:
    """What a `webhook_url` of an account is called: *index* is the keyed hash of the URL."""
    return uuid5(WEBHOOKS, f"{account_id}:{index}")
