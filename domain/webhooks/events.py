"""Facts of the stream of an account's webhooks. URLs, descriptions and secrets are the account's own: sealed with its data key."""

from datetime import datetime
from uuid import UUID

from domain.kernel.facts import Fact, FirstFact


class WebhooksOpened(FirstFact):
    TOPIC = "webhooks.opened"
    account_id: UUID


class EndpointAdded(Fact):
    """`events` are public names: what the endpoint is told. It is signed with the secret."""

    TOPIC = "webhooks.endpoint_added"
    endpoint_id: UUID
    sealed_url: str
    sealed_description: str | None
    sealed_secret: str
    events: list[str]


class EndpointChanged(Fact):
    """All of it as it is from now on."""

    TOPIC = "webhooks.endpoint_changed"
    endpoint_id: UUID
    sealed_url: str
    sealed_description: str | None
    events: list[str]


class EndpointSecretRotated(Fact):
    """Those before sign too until `overlap_until`, at the latest; None: no longer."""

    TOPIC = "webhooks.endpoint_secret_rotated"
    endpoint_id: UUID
    sealed_secret: str
    overlap_until: datetime | None


class EndpointDisabled(Fact):
    """`cause` is "owner", "failing" (nothing was taken for the whole schedule of a delivery) or "gone" (it answered 410)."""

    TOPIC = "webhooks.endpoint_disabled"
    endpoint_id: UUID
    cause: str


class EndpointEnabled(Fact):
    TOPIC = "webhooks.endpoint_enabled"
    endpoint_id: UUID


class EndpointDeleted(Fact):
    TOPIC = "webhooks.endpoint_deleted"
    endpoint_id: UUID


class EndpointTested(Fact):
    """A test event is to be delivered, whatever the endpoint is told otherwise."""

    TOPIC = "webhooks.endpoint_tested"
    endpoint_id: UUID
    delivery_id: UUID


class RedeliveryRequested(Fact):
    """A delivery is to be tried again, with the same id, from the beginning of the schedule."""

    TOPIC = "webhooks.redelivery_requested"
    endpoint_id: UUID
    delivery_id: UUID


class AccountSecretIssued(Fact):
    """Signs what goes to the `webhook_url` of a generation. Those before sign too until `overlap_until`, at the latest."""

    TOPIC = "webhooks.account_secret_issued"
    sealed_secret: str
    overlap_until: datetime | None
