"""Webhook endpoints: where an account is told, with which secret, and what became of it."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import UNSET

from api.kit.answer import Answer, accepted, created, no_content, ok
from api.kit.call import Call
from api.kit.refusals import PreconditionFailed, ScopeMissing
from api.kit.shapes import moment
from api.listing import page_of
from api.shapes.webhooks import (
    DeliveryAsked,
    DeliveryQuery,
    NewWebhookEndpoint,
    SecretRotation,
    WebhookEndpointPatch,
    WebhookEndpointQuery,
    WebhookSecret,
    shown_delivery,
    shown_endpoint,
    shown_endpoint_with_secret,
)
from api.submitting import check_url
from domain.kernel.commands import Receipt
from domain.kernel.ids import webhooks_stream
from domain.kernel.limits import WEBHOOK_OVERLAP_SECONDS_MAX
from domain.telling.names import scope_of
from domain.webhooks.commands import (
    AddEndpoint,
    ChangeEndpoint,
    DeleteEndpoint,
    IssueAccountSecret,
    RequestRedelivery,
    RotateEndpointSecret,
    SendTestEvent,
)
from domain.webhooks.refusals import WebhookDeliveryNotFound, WebhookEndpointNotFound
from domain.webhooks.signing import SECRET_BYTES, secret_of
from domain.webhooks.webhooks import Webhooks
from projections.webhooks.webhook_endpoints import WebhookEndpointRow, page_of_webhook_endpoints, row_of, webhook_endpoint_of

PATH = "/v1/webhook-endpoints/{id}"


async def add(call: Call, body: NewWebhookEndpoint) -> Answer:
    """Add an endpoint. The secret that signs what it is told is in this answer and never again."""
    _check_scopes(call, body.events)
    await check_url(call, "/url", body.url)
    key, secret = await call.platform.vault.key(call.account_id), _new_secret()
    command = AddEndpoint(
        account_id=call.account_id,
        endpoint_id=call.platform.ids.new(),
        sealed_url=key.seal(body.url),
        sealed_description=None if body.description is None else key.seal(body.description),
        sealed_secret=key.seal(secret),
        events=sorted(set(body.events)),
    )
    return await call.execute(command, status=201, secret=secret)


async def added(call: Call, receipt: Receipt) -> Answer:
    endpoint_id = UUID(receipt.result["endpoint_id"])
    row, at = await _folded(call, endpoint_id, until=receipt.position)
    key = await call.platform.vault.key(call.account_id)
    return created(shown_endpoint_with_secret(key, row, at, call.secret), PATH.format(id=endpoint_id))


async def listed(call: Call, query: WebhookEndpointQuery) -> Answer:
    """Your endpoints, newest first; never their secrets."""
    key = await call.platform.vault.key(call.account_id)
    return await page_of(call, query, page_of_webhook_endpoints, lambda row: shown_endpoint(key, row, call.now), account_id=call.account_id)


async def show(call: Call, id: UUID) -> Answer:
    """One endpoint."""
    row = await _read(call, id)
    return ok(shown_endpoint(await call.platform.vault.key(call.account_id), row, call.now))


async def change(call: Call, id: UUID, body: WebhookEndpointPatch) -> Answer:
    """Change where and what an endpoint is told, or whether it is told at all."""
    row = await _bound(call, id)
    if body.events is not UNSET:
        _check_scopes(call, body.events)
    if body.url is not UNSET:
        await check_url(call, "/url", body.url)
    key = await call.platform.vault.key(call.account_id)
    url, description = body.url, body.description
    command = ChangeEndpoint(
        account_id=call.account_id,
        endpoint_id=id,
        # Sealed anew it would be another text: what stays as it is, stays.
        sealed_url=None if url is UNSET or url == key.open(row.sealed_url) else key.seal(url),
        sealed_description=None if description is UNSET else "" if description is None else key.seal(description),
        events=None if body.events is UNSET else sorted(set(body.events)),
        enabled=None if body.enabled is UNSET else body.enabled,
    )
    return await call.execute(command, status=200, render=_changed)


async def _changed(call: Call, receipt: Receipt) -> Answer:
    row, at = await _folded(call, call.path["id"], until=receipt.position)
    return ok(shown_endpoint(await call.platform.vault.key(call.account_id), row, at))


async def delete(call: Call, id: UUID) -> Answer:
    """Delete an endpoint, with what was still to be told to it and the log of its deliveries."""
    await _bound(call, id)
    return await call.execute(DeleteEndpoint(account_id=call.account_id, endpoint_id=id), status=204, render=_deleted)


async def _deleted(call: Call, receipt: Receipt) -> Answer:
    return no_content()


async def rotate(call: Call, id: UUID, body: SecretRotation) -> Answer:
    """A new secret, in this answer and never again. For `overlap_seconds` those before sign, too."""
    key, secret = await call.platform.vault.key(call.account_id), _new_secret()
    overlap_until = call.now + timedelta(seconds=body.overlap_seconds) if body.overlap_seconds else None
    command = RotateEndpointSecret(account_id=call.account_id, endpoint_id=id, sealed_secret=key.seal(secret), overlap_until=overlap_until)
    return await call.execute(command, status=200, secret=secret)


async def rotated(call: Call, receipt: Receipt) -> Answer:
    row, at = await _folded(call, call.path["id"], until=receipt.position)
    return ok(shown_endpoint_with_secret(await call.platform.vault.key(call.account_id), row, at, call.secret))


async def test(call: Call, id: UUID) -> Answer:
    """Send a `webhook.test` event to an endpoint, as any other event is sent."""
    command = SendTestEvent(account_id=call.account_id, endpoint_id=id, delivery_id=call.platform.ids.new())
    return await call.execute(command, status=202)


async def deliveries(call: Call, id: UUID, query: DeliveryQuery) -> Answer:
    """What was and is to be told to an endpoint, newest first, with every try. Kept for some weeks."""
    await _read(call, id)

    async def read(connection: Any, **paging: Any) -> list[Any]:
        return await call.platform.delivery_log.page(id, states=query.state, paging=paging)

    return await page_of(call, query, read, shown_delivery, by="number")


async def redeliver(call: Call, id: UUID, delivery_id: UUID) -> Answer:
    """Try a delivery again at once, whatever became of it: with the same `webhook-id`, from the beginning of the schedule."""
    await _read(call, id)
    if await call.platform.delivery_log.one(id, delivery_id) is None:
        raise WebhookDeliveryNotFound()
    return await call.execute(RequestRedelivery(account_id=call.account_id, endpoint_id=id, delivery_id=delivery_id), status=202)


async def asked(call: Call, receipt: Receipt) -> Answer:
    """Of a test and of a redelivery."""
    _, at = await _folded(call, call.path["id"], until=receipt.position)
    shown = DeliveryAsked(delivery_id=receipt.result["delivery_id"], endpoint_id=str(call.path["id"]), asked_at=moment(at))
    return accepted(shown, PATH.format(id=call.path["id"]) + "/deliveries")


async def issue_secret(call: Call) -> Answer:
    """The secret that signs what goes to the `webhook_url` of your generations, in this answer and never again.

    Asked for again, it is replaced; for a day the one before signs, too.
    """
    key, secret = await call.platform.vault.key(call.account_id), _new_secret()
    overlap_until = call.now + timedelta(seconds=WEBHOOK_OVERLAP_SECONDS_MAX)
    command = IssueAccountSecret(account_id=call.account_id, sealed_secret=key.seal(secret), overlap_until=overlap_until)
    return await call.execute(command, status=201, secret=secret)


async def secret_issued(call: Call, receipt: Receipt) -> Answer:
    webhooks = await _webhooks(call, until=receipt.position)
    overlap = next((secret["until"] for secret in webhooks.secrets if secret["until"] is not None), None)
    shown = WebhookSecret(
        secret=call.secret, secret_shown=call.secret is None, overlap_until=moment(overlap), created_at=moment(webhooks.modified_on)
    )
    return Answer(201, shown)


async def _read(call: Call, endpoint_id: UUID) -> WebhookEndpointRow:
    """The caller's own.   Raises WebhookEndpointNotFound."""
    if not call.behind:
        async with call.platform.reads.connection() as connection:
            found = await webhook_endpoint_of(connection, call.account_id, endpoint_id)
        if found is not None:
            return found
    return (await _folded(call, endpoint_id))[0]


async def _bound(call: Call, endpoint_id: UUID) -> WebhookEndpointRow:
    """The caller's own, which what follows is decided on when the request names a version.   Raises PreconditionFailed."""
    if call.bound_to is None:
        return await _read(call, endpoint_id)
    # All endpoints of an account are one stream.
    stream = webhooks_stream(call.account_id)
    call.bound_to = stream, await call.platform.journal.version(stream)
    row, _ = await _folded(call, endpoint_id)
    if not call.meets(shown_endpoint(await call.platform.vault.key(call.account_id), row, call.now)):
        raise PreconditionFailed()
    return row


async def _folded(call: Call, endpoint_id: UUID, *, until: int | None = None) -> tuple[WebhookEndpointRow, datetime]:
    """The caller's own as of *until*, and when that was."""
    webhooks = await _webhooks(call, until=until)
    return row_of(webhooks, endpoint_id), webhooks.modified_on


async def _webhooks(call: Call, *, until: int | None = None) -> Webhooks:
    webhooks = await call.platform.journal.load(Webhooks, webhooks_stream(call.account_id), until=until)
    if webhooks is None:
        raise WebhookEndpointNotFound()
    return webhooks


def _check_scopes(call: Call, events: Sequence[str]) -> None:
    """An API token tells nobody what it may not read itself.   Raises ScopeMissing."""
    for name in events:
        scope = scope_of(name)
        if call.principal is not None and not call.principal.may(scope):
            raise ScopeMissing(scope=scope)


def _new_secret() -> str:
    return secret_of(secrets.token_bytes(SECRET_BYTES))
