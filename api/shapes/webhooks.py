"""Webhook endpoints, their secrets, and what became of deliveries."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Shown, moment
from domain.kernel.limits import URL_CHARS_MAX, WEBHOOK_DESCRIPTION_CHARS_MAX, WEBHOOK_OVERLAP_SECONDS_MAX
from domain.ports import SubjectKey
from domain.telling.names import DURABLE
from domain.webhooks.ports import Delivery as Delivered
from projections.webhooks.webhook_endpoints import WebhookEndpointRow

Url = Annotated[str, Meta(min_length=1, max_length=URL_CHARS_MAX, extra_json_schema={"format": "uri"})]
Description = Annotated[str, Meta(min_length=1, max_length=WEBHOOK_DESCRIPTION_CHARS_MAX)]
EventName: TypeAlias = Literal[tuple(sorted(DURABLE))]  # type: ignore[valid-type]
Events = Annotated[list[EventName], Meta(min_length=1, max_length=len(DURABLE))]
State = Literal["delivered", "failed", "pending"]


class NewWebhookEndpoint(Body):
    """`url`: https, at public addresses only. `events`: what it is told."""

    url: Url
    events: Events
    description: Description | None = None


class WebhookEndpointPatch(Body):
    """`enabled: true` tells it again after it was disabled, by you or because it failed for long."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class SecretRotation(Body):
    """For so long both secrets sign: time to bring the new one to whoever verifies. 0: all before are void at once."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=WEBHOOK_OVERLAP_SECONDS_MAX)] = 0


class WebhookEndpoint(Shown):
    """`disabled_cause`: `owner`; `failing`, after it has taken nothing for the whole schedule of a delivery; `gone`, after it answered
    410. `secret_overlap_until`: so long the secrets before the present one sign, too.
    """

    id: Id
    url: str
    events: list[str]
    description: str | None
    enabled: bool
    disabled_cause: Literal["failing", "gone", "owner"] | None
    secret_overlap_until: Moment | None
    created_at: Moment
    updated_at: Moment


class WebhookEndpointWithSecret(WebhookEndpoint):
    """`secret` is shown once: in a replay it is null and `secret_shown` is true."""

    secret: str | None
    secret_shown: bool


class WebhookSecret(Shown):
    """Signs what goes to the `webhook_url` of a generation. `secret` is shown once: in a replay it is null and `secret_shown` is true.

    `overlap_until`: so long the secret before it signs, too.
    """

    secret: str | None
    secret_shown: bool
    overlap_until: Moment | None
    created_at: Moment


class WebhookEndpointQuery(ListQuery):
    """By creation."""


class DeliveryQuery(ListQuery):
    """`state` may be given more than once: either."""

    state: list[State] = []


class Attempt(Shown):
    """One try. `status` is what the endpoint answered; null when no answer came, and `error` says why: `url_refused`, `timeout` or
    `unreachable`.
    """

    number: Count
    at: Moment
    status: int | None
    error: str | None
    duration_ms: Count


class WebhookDelivery(Shown):
    """`webhook_id` is the header of all its tries. `next_attempt_at` is null when nothing more is tried.

    `out_of_order`: it was tried before an earlier event of the same generation had arrived.
    """

    id: Id
    webhook_id: str
    endpoint_id: Id
    type: str
    position: Count
    generation_id: Id | None
    state: State
    out_of_order: bool
    error: str | None
    attempts: list[Attempt]
    next_attempt_at: Moment | None
    created_at: Moment
    finished_at: Moment | None


class DeliveryAsked(Shown):
    """A delivery that will be tried at once; what becomes of it stands in the list of deliveries."""

    delivery_id: Id
    endpoint_id: Id
    asked_at: Moment


def shown_endpoint(key: SubjectKey, row: WebhookEndpointRow, now: datetime) -> WebhookEndpoint:
    return WebhookEndpoint(**_fields(key, row, now))


def shown_endpoint_with_secret(key: SubjectKey, row: WebhookEndpointRow, now: datetime, secret: str | None) -> WebhookEndpointWithSecret:
    return WebhookEndpointWithSecret(**_fields(key, row, now), secret=secret, secret_shown=secret is None)


def shown_delivery(row: Delivered) -> WebhookDelivery:
    return WebhookDelivery(
        id=str(row.id),
        webhook_id=row.event_id,
        endpoint_id=str(row.endpoint_id),
        type=row.type,
        position=row.position,
        generation_id=None if row.generation_id is None else str(row.generation_id),
        state=row.state,  # type: ignore[arg-type]
        out_of_order=row.out_of_order,
        error=row.error,
        attempts=[_attempt(attempt) for attempt in row.attempts],
        next_attempt_at=moment(row.next_at),
        created_at=moment(row.created_at),
        finished_at=moment(row.finished_at),
    )


def _attempt(attempt: dict[str, Any]) -> Attempt:
    return Attempt(
        number=attempt["number"],
        at=moment(datetime.fromisoformat(attempt["at"])),
        status=attempt["status"],
        error=attempt["error"],
        duration_ms=attempt["ms"],
    )


def _fields(key: SubjectKey, row: WebhookEndpointRow, now: datetime) -> dict[str, Any]:
    overlaps = row.overlap_until is not None and row.overlap_until > now
    return {
        "id": str(row.id),
        "url": key.open(row.sealed_url),
        "events": row.events,
        "description": None if row.sealed_description is None else key.open(row.sealed_description),
        "enabled": row.disabled is None,
        "disabled_cause": row.disabled,
        "secret_overlap_until": moment(row.overlap_until) if overlaps else None,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }
