"""What is still to be told at webhooks, as the edges see it. None of it is truth: it follows from the log, and may be lost."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

TEST_EVENT = "webhook.test"


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that is to be tried now. `endpoint_id` is None for the `webhook_url` of a generation.

    `tries`: made in this run of the schedule. `out_of_order`: the one before it is still to come.
    `failing_since`: when the target first failed since it last took anything.
    """

    id: UUID
    account_id: UUID
    endpoint_id: UUID | None
    target_id: UUID
    event_id: str
    type: str
    position: int
    generation_id: UUID | None
    attempts: int
    tries: int
    out_of_order: bool
    claimed_at: datetime
    first_tried_at: datetime
    failing_since: datetime | None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How one try went: a status, or one of the words `url_refused`, `timeout`, `unreachable`."""

    status: int | None
    error: str | None
    ms: int


class Delivery(msgspec.Struct, kw_only=True):
    """As the log of deliveries has it. `number` orders the list. `next_at` is None when nothing more is tried."""

    id: UUID
    number: int
    account_id: UUID
    endpoint_id: UUID | None
    event_id: str
    type: str
    position: int
    generation_id: UUID | None
    state: str
    out_of_order: bool
    next_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    #: {"number", "at", "status", "error", "ms"}, oldest first.
    attempts: list[dict[str, Any]]


class DeliveryLog(Protocol):
    """What became of deliveries, for the owner of an endpoint and for operators."""

    async def page(self, endpoint_id: UUID, *, states: Sequence[str] = (), paging: Mapping[str, Any]) -> list[Delivery]:
        """Of one endpoint, by `number`."""

    async def everybodys(self, *, account_id: UUID | None, states: Sequence[str] = (), paging: Mapping[str, Any]) -> list[Delivery]:
        """Of all endpoints, by `number`; *account_id* None: of all accounts."""

    async def one(self, endpoint_id: UUID, delivery_id: UUID) -> Delivery | None: ...


class Deliveries(Protocol):
    """What whoever sends needs. Leases are the database's time."""

    async def claim(self, owner: UUID, limit: int) -> list[Claimed]:
        """At most *limit* that are due, few of each target: none waits because another target is slow."""

    async def succeeded(self, owner: UUID, claimed: Claimed, attempt: Attempt) -> None:
        """Recorded, and the next of the same generation may go."""

    async def failed(self, owner: UUID, claimed: Claimed, attempt: Attempt, *, again_in_seconds: float | None) -> None:
        """Recorded. None: it is given up, and the next of the same generation may go."""

    async def give_up(self, owner: UUID, claimed: Claimed, why: str) -> None:
        """Without a try: the endpoint is told nothing any more."""

    async def drop(self, owner: UUID, claimed: Claimed) -> None:
        """There is nothing to tell after all."""

    async def put_off(self, owner: UUID, claimed: Claimed, seconds: float) -> None:
        """Not tried: something of ours was away."""

    async def forget(self, *, days: int, limit: int) -> int:
        """Delete what is older. How many."""
