"""Each command of webhooks: the account's stream, and one domain call."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.kernel.commands import Command, Decision, Handler, Need, Streams
from domain.kernel.ids import webhooks_stream
from domain.webhooks import commands, refusals
from domain.webhooks.webhooks import OWNER, Webhooks


def _needs(command: Any) -> list[Need]:
    return [Need(Webhooks, webhooks_stream(command.account_id))]


def _begin(act: Callable[[Webhooks, Any, datetime], None], *result: str) -> Handler:
    """A handler for an account that may not have any webhooks yet."""

    def decide(command: Any, streams: Streams, now: datetime) -> Decision:
        webhooks = Webhooks.among(streams, command.account_id, now=now)
        act(webhooks, command, now)
        return _decision(command, webhooks, result)

    return Handler(_needs, decide)


def _change(act: Callable[[Webhooks, Any, datetime], None], *result: str) -> Handler:
    def decide(command: Any, streams: Streams, now: datetime) -> Decision:
        webhooks = streams.get(Webhooks, webhooks_stream(command.account_id))
        if webhooks is None:
            raise refusals.WebhookEndpointNotFound()
        act(webhooks, command, now)
        return _decision(command, webhooks, result)

    return Handler(_needs, decide)


def _decision(command: Any, webhooks: Webhooks, result: tuple[str, ...]) -> Decision:
    return Decision(account_id=command.account_id, saved=[webhooks], result={name: str(getattr(command, name)) for name in result})


def _add(webhooks: Webhooks, command: commands.AddEndpoint, now: datetime) -> None:
    webhooks.add(
        command.endpoint_id,
        sealed_url=command.sealed_url,
        sealed_description=command.sealed_description,
        sealed_secret=command.sealed_secret,
        events_=command.events,
        now=now,
    )


def _change_endpoint(webhooks: Webhooks, command: commands.ChangeEndpoint, now: datetime) -> None:
    before = webhooks.endpoint(command.endpoint_id)
    webhooks.change(
        command.endpoint_id,
        sealed_url=before["sealed_url"] if command.sealed_url is None else command.sealed_url,
        sealed_description=before["sealed_description"] if command.sealed_description is None else command.sealed_description or None,
        events_=before["events"] if command.events is None else command.events,
        now=now,
    )
    if command.enabled is True:
        webhooks.enable(command.endpoint_id, now=now)
    elif command.enabled is False:
        webhooks.disable(command.endpoint_id, cause=OWNER, now=now)


HANDLERS: dict[type[Command], Handler] = {
    commands.AddEndpoint: _begin(_add, "endpoint_id"),
    commands.ChangeEndpoint: _change(_change_endpoint, "endpoint_id"),
    commands.DeleteEndpoint: _change(lambda webhooks, c, now: webhooks.delete(c.endpoint_id, now=now)),
    commands.DisableEndpoint: _change(lambda webhooks, c, now: webhooks.disable(c.endpoint_id, cause=c.cause, now=now)),
    commands.IssueAccountSecret: _begin(
        lambda webhooks, c, now: webhooks.issue_secret(sealed_secret=c.sealed_secret, overlap_until=c.overlap_until, now=now)
    ),
    commands.RequestRedelivery: _change(lambda webhooks, c, now: webhooks.redeliver(c.endpoint_id, c.delivery_id, now=now), "delivery_id"),
    commands.RotateEndpointSecret: _change(
        lambda webhooks, c, now: webhooks.rotate(c.endpoint_id, sealed_secret=c.sealed_secret, overlap_until=c.overlap_until, now=now),
        "endpoint_id",
    ),
    commands.SendTestEvent: _change(lambda webhooks, c, now: webhooks.test(c.endpoint_id, c.delivery_id, now=now), "delivery_id"),
}
