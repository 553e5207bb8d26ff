"""One delivery as it is sent: where to, and exactly which bytes."""

from typing import Any
from uuid import UUID

import msgspec

from domain.access.refusals import Erased
from domain.generations.generation import Generation
from domain.generations.words import opened
from domain.kernel.ids import webhooks_stream
from domain.kernel.limits import WEBHOOK_OUTPUT_BYTES_MAX
from domain.ports import Clock, Journal, Recorded, SubjectKey, Vault
from domain.telling.ports import Rendering
from domain.webhooks.ids import event_id
from domain.webhooks.ports import TEST_EVENT, Claimed
from domain.webhooks.refusals import WebhookEndpointDisabled, WebhookEndpointNotFound
from domain.webhooks.signing import signature_of
from domain.webhooks.webhooks import Webhooks, signing

JSON = "application/json"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    body: bytes
    headers: dict[str, str]


class Nothing(Exception):
    """There is nothing to tell, or nobody any more to tell it to."""


class Messages:
    """Makes each message anew for each try: another time, perhaps another secret, the same id."""

    def __init__(self, *, journal: Journal, vault: Vault, clock: Clock, rendering: Rendering) -> None:
        self._journal, self._vault, self._clock, self._rendering = journal, vault, clock, rendering

    async def of(self, claimed: Claimed) -> Message:
        """Raises Nothing, WebhookEndpointDisabled."""
        try:
            key = await self._vault.key(claimed.account_id)
            body = await self._body(claimed)
            url, secrets = await self._addressed(claimed, key)
        except (Erased, WebhookEndpointNotFound) as gone:
            raise Nothing(str(gone)) from gone
        if claimed.out_of_order:
            body = body[:-1] + b',"out_of_order":true}'
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "content-type": JSON,
            "webhook-id": claimed.event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature_of(secrets, id=claimed.event_id, timestamp=timestamp, body=body),
        }
        return Message(url=url, body=body, headers=headers)

    async def _body(self, claimed: Claimed) -> bytes:
        found = await self._journal.read(claimed.position - 1, 1)
        if not found or found[0].position != claimed.position:
            raise Nothing("the log has no such position")
        event = found[0]
        if claimed.type == TEST_EVENT:
            return _test(event)
        # After a restore another event may stand in the same place.
        if claimed.event_id != event_id(stream=event.stream, version=event.version, recorded_at=event.recorded_at, name=claimed.type):
            raise Nothing("the log has another event at this position")
        for payload in await self._rendering.payloads(event, output_bytes_max=WEBHOOK_OUTPUT_BYTES_MAX):
            if payload.type == claimed.type:
                return payload.body
        raise Nothing("the event is not told under this name")

    async def _addressed(self, claimed: Claimed, key: SubjectKey) -> tuple[str, list[str]]:
        """The URL, and the secrets that sign."""
        webhooks = await self._journal.load(Webhooks, webhooks_stream(claimed.account_id))
        if webhooks is None:
            raise Nothing("the account has no webhooks")
        now = self._clock.now()
        if claimed.endpoint_id is None:
            sealed, url = signing(webhooks.secrets, now=now), await self._own_url(claimed.generation_id, key)
        else:
            endpoint = webhooks.endpoint(claimed.endpoint_id)
            if endpoint["disabled"] is not None:
                raise WebhookEndpointDisabled()
            sealed, url = signing(endpoint["secrets"], now=now), key.open(endpoint["sealed_url"])
        return url, [key.open(secret) for secret in sealed]

    async def _own_url(self, generation_id: UUID | None, key: SubjectKey) -> str:
        assert generation_id is not None, "only a generation has a URL of its own"
        # What was asked for never changes.
        generation = await self._journal.load(Generation, generation_id, fresh=False)
        url = None if generation is None else opened(key, generation.sealed).webhook_url
        if not url:
            raise Nothing("the generation has no webhook_url")
        return url


def _test(event: Recorded) -> bytes:
    fact: Any = event.fact
    told = {"type": TEST_EVENT, "timestamp": fact.timestamp, "position": event.position, "data": {"webhook_endpoint_id": fact.endpoint_id}}
    return msgspec.json.encode(told)
