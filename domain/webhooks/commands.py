"""What can be asked of an account's webhooks."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Command


class AddEndpoint(Command):
    account_id: UUID
    endpoint_id: UUID
    sealed_url: str
    sealed_description: str | None
    sealed_secret: str
    events: list[str]


class ChangeEndpoint(Command):
    """None: that stays as it is. An empty `sealed_description` takes the description away."""

    account_id: UUID
    endpoint_id: UUID
    sealed_url: str | None = None
    sealed_description: str | None = None
    events: list[str] | None = None
    enabled: bool | None = None


class DeleteEndpoint(Command):
    account_id: UUID
    endpoint_id: UUID


class DisableEndpoint(Command):
    """By whoever delivers: `cause` is "failing" or "gone"."""

    account_id: UUID
    endpoint_id: UUID
    cause: str


class IssueAccountSecret(Command):
    account_id: UUID
    sealed_secret: str
    overlap_until: datetime | None


class RequestRedelivery(Command):
    account_id: UUID
    endpoint_id: UUID
    delivery_id: UUID


class RotateEndpointSecret(Command):
    account_id: UUID
    endpoint_id: UUID
    sealed_secret: str
    overlap_until: datetime | None


class SendTestEvent(Command):
    account_id: UUID
    endpoint_id: UUID
    delivery_id: UUID
