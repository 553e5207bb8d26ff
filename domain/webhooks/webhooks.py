"""An account's webhooks: its endpoints, and the secrets that sign what it is told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.commands import Streams
from domain.kernel.facts import Root, when
from domain.kernel.ids import webhooks_stream
from domain.kernel.limits import WEBHOOK_ENDPOINTS_MAX, WEBHOOK_OLD_SECRETS_MAX
from domain.webhooks import events, refusals

OWNER, FAILING, GONE = "owner", "failing", "gone"
#: {"sealed_secret", "until"}: `until` is None for the one in force.
Secret = dict[str, Any]


class Webhooks(Root):
    """Stream id: `webhooks_stream(account_id)`.

    `endpoints`: id -> {"sealed_url", "sealed_description", "events", "secrets", "disabled", "created_at", "updated_at"}, where
    `disabled` is the cause, None while it is told. `secrets`: the account's own. Both lists of secrets begin with the newest.
    """

    TOPIC = "webhooks.account"

    def __init__(self) -> None:
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.secrets: list[Secret] = []

    @classmethod
    def among(cls, streams: Streams, account_id: UUID, *, now: datetime) -> "Webhooks":
        """The account's webhooks out of *streams*, begun when it never had any."""
        found = streams.get(cls, webhooks_stream(account_id))
        if found is None:
            found = cls._create(events.WebhooksOpened, id=webhooks_stream(account_id), timestamp=now, account_id=account_id)
        return found

    def endpoint(self, endpoint_id: UUID) -> dict[str, Any]:
        """Raises WebhookEndpointNotFound."""
        found = self.endpoints.get(str(endpoint_id))
        if found is None:
            raise refusals.WebhookEndpointNotFound()
        return found

    def add(
        self,
        endpoint_id: UUID,
        *,
        sealed_url: str,
        sealed_description: str | None,
        sealed_secret: str,
        events_: list[str],
        now: datetime,
    ) -> None:
        """Raises TooManyWebhookEndpoints."""
        if len(self.endpoints) >= WEBHOOK_ENDPOINTS_MAX:
            raise refusals.TooManyWebhookEndpoints(limit=WEBHOOK_ENDPOINTS_MAX)
        self.record(
            events.EndpointAdded,
            now=now,
            endpoint_id=endpoint_id,
            sealed_url=sealed_url,
            sealed_description=sealed_description,
            sealed_secret=sealed_secret,
            events=events_,
        )

    def change(self, endpoint_id: UUID, *, sealed_url: str, sealed_description: str | None, events_: list[str], now: datetime) -> None:
        """Raises WebhookEndpointNotFound."""
        before = self.endpoint(endpoint_id)
        after = {"sealed_url": sealed_url, "sealed_description": sealed_description, "events": events_}
        if any(before[name] != value for name, value in after.items()):
            self.record(events.EndpointChanged, now=now, endpoint_id=endpoint_id, **after)

    def rotate(self, endpoint_id: UUID, *, sealed_secret: str, overlap_until: datetime | None, now: datetime) -> None:
        """Raises WebhookEndpointNotFound."""
        self.endpoint(endpoint_id)
        self.record(
            events.EndpointSecretRotated, now=now, endpoint_id=endpoint_id, sealed_secret=sealed_secret, overlap_until=overlap_until
        )

    def disable(self, endpoint_id: UUID, *, cause: str, now: datetime) -> None:
        """Raises WebhookEndpointNotFound."""
        if self.endpoint(endpoint_id)["disabled"] is None:
            self.record(events.EndpointDisabled, now=now, endpoint_id=endpoint_id, cause=cause)

    def enable(self, endpoint_id: UUID, *, now: datetime) -> None:
        """Raises WebhookEndpointNotFound."""
        if self.endpoint(endpoint_id)["disabled"] is not None:
            self.record(events.EndpointEnabled, now=now, endpoint_id=endpoint_id)

    def delete(self, endpoint_id: UUID, *, now: datetime) -> None:
        """Raises WebhookEndpointNotFound."""
        self.endpoint(endpoint_id)
        self.record(events.EndpointDeleted, now=now, endpoint_id=endpoint_id)

    def test(self, endpoint_id: UUID, delivery_id: UUID, *, now: datetime) -> None:
        """Raises WebhookEndpointNotFound, WebhookEndpointDisabled."""
        self._check_told(endpoint_id)
        self.record(events.EndpointTested, now=now, endpoint_id=endpoint_id, delivery_id=delivery_id)

    def redeliver(self, endpoint_id: UUID, delivery_id: UUID, *, now: datetime) -> None:
        """Raises WebhookEndpointNotFound, WebhookEndpointDisabled."""
        self._check_told(endpoint_id)
        self.record(events.RedeliveryRequested, now=now, endpoint_id=endpoint_id, delivery_id=delivery_id)

    def issue_secret(self, *, sealed_secret: str, overlap_until: datetime | None, now: datetime) -> None:
        self.record(events.AccountSecretIssued, now=now, sealed_secret=sealed_secret, overlap_until=overlap_until)

    def _check_told(self, endpoint_id: UUID) -> None:
        if self.endpoint(endpoint_id)["disabled"] is not None:
            raise refusals.WebhookEndpointDisabled()

    @when(events.WebhooksOpened)
    def _opened(self, fact: events.WebhooksOpened) -> None:
        self.account_id = fact.account_id

    @when(events.EndpointAdded)
    def _added(self, fact: events.EndpointAdded) -> None:
        self.endpoints[str(fact.endpoint_id)] = {
            "sealed_url": fact.sealed_url,
            "sealed_description": fact.sealed_description,
            "events": fact.events,
            "secrets": [{"sealed_secret": fact.sealed_secret, "until": None}],
            "disabled": None,
            "created_at": fact.timestamp,
            "updated_at": fact.timestamp,
        }

    @when(events.EndpointChanged)
    def _changed(self, fact: events.EndpointChanged) -> None:
        self._update(fact, sealed_url=fact.sealed_url, sealed_description=fact.sealed_description, events=fact.events)

    @when(events.EndpointSecretRotated)
    def _rotated(self, fact: events.EndpointSecretRotated) -> None:
        self._update(fact, secrets=_next(self.endpoints[str(fact.endpoint_id)]["secrets"], fact))

    @when(events.EndpointDisabled)
    def _disabled(self, fact: events.EndpointDisabled) -> None:
        self._update(fact, disabled=fact.cause)

    @when(events.EndpointEnabled)
    def _enabled(self, fact: events.EndpointEnabled) -> None:
        self._update(fact, disabled=None)

    @when(events.EndpointDeleted)
    def _deleted(self, fact: events.EndpointDeleted) -> None:
        del self.endpoints[str(fact.endpoint_id)]

    @when(events.EndpointTested)
    def _tested(self, fact: events.EndpointTested) -> None:
        """Nothing of the endpoint changes."""

    @when(events.RedeliveryRequested)
    def _redelivered(self, fact: events.RedeliveryRequested) -> None:
        """Nothing of the endpoint changes."""

    @when(events.AccountSecretIssued)
    def _issued(self, fact: events.AccountSecretIssued) -> None:
        self.secrets = _next(self.secrets, fact)

    def _update(self, fact: Any, **changes: Any) -> None:
        endpoint = self.endpoints[str(fact.endpoint_id)]
        self.endpoints[str(fact.endpoint_id)] = {**endpoint, **changes, "updated_at": fact.timestamp}

    # Set from WebhooksOpened.
    account_id: UUID


def signing(secrets: list[Secret], *, now: datetime) -> list[str]:
    """The sealed secrets that sign now: the newest first, then those whose overlap is not over."""
    return [secret["sealed_secret"] for secret in secrets if secret["until"] is None or secret["until"] > now]


def _next(secrets: list[Secret], fact: events.EndpointSecretRotated | events.AccountSecretIssued) -> list[Secret]:
    """The secrets after *fact*. None before it signs for longer than it says; those that are over at its time are forgotten."""
    latest, still = fact.overlap_until, []
    if latest is not None:
        before = [{**secret, "until": min(secret["until"] or latest, latest)} for secret in secrets]
        still = [secret for secret in before if secret["until"] > fact.timestamp]
    return [{"sealed_secret": fact.sealed_secret, "until": None}, *still[:WEBHOOK_OLD_SECRETS_MAX]]
