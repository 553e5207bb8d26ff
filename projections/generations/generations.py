"""Generations: the object clients read and list. Everything the caller wrote or the model said is ciphertext."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.generations.generation import Generation


class GenerationRow(msgspec.Struct, frozen=True, kw_only=True):
    """`sealed` is JSON {prompt, negative_prompt, tags}, `sealed_output` JSON, both under the account's key.

    `error` is {code, message, retryable}. `position`: the stream's last fact. `created_position`: its first, by which
    lists are ordered (0 when folded from a stream). The charge's id is the generation's.
    """

    id: UUID
    account_id: UUID
    kind: str
    status: str
    model: str
    provider: str
    queue: str
    params: dict[str, Any]
    inputs: list[dict[str, Any]]
    sealed: str
    sealed_output: str | None
    tag_index: list[str]
    priority: str
    batch_id: UUID | None
    schedule_id: UUID | None
    retry_of: UUID | None
    fallback_models: list[str]
    quoted: int
    held: int
    charged: int
    released: int
    refunded: int
    price_version: int
    on_cancel: str
    attempt: int
    attempts: int
    cancel_requested_at: datetime | None
    asset_ids: list[UUID]
    usage: dict[str, int]
    error: dict[str, Any] | None
    run_at: datetime | None
    queued_at: datetime | None
    start_deadline: datetime | None
    deadline: datetime
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deleted: bool
    position: int
    created_position: int

    @property
    def queued_ms(self) -> int | None:
        """Milliseconds from queued to the first start; None before it."""
        return _ms(self.queued_at, self.started_at)

    @property
    def run_ms(self) -> int | None:
        """Milliseconds from the first start to the end; None before it."""
        return _ms(self.started_at, self.finished_at)


async def generation_of(conn: AsyncConnection[Any], account_id: UUID | None, generation_id: UUID) -> GenerationRow | None:
    """The generation, if it is not deleted and belongs to *account_id* (None: to anybody)."""
    raise NotImplementedError


async def page_of_generations(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID | None,
    statuses: Sequence[str] = (),
    kinds: Sequence[str] = (),
    models: Sequence[str] = (),
    tags: Sequence[str] = (),
    error_codes: Sequence[str] = (),
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[GenerationRow]:
    """Generations that are not deleted, by creation. `account_id` None: of everybody.

    Within one filter any value matches; `tags` are keyed hashes. `after_position` is the `created_position` of the last row seen.
    """
    raise NotImplementedError


def row_of(generation: Generation) -> GenerationRow:
    """The same row from the folded stream."""
    raise NotImplementedError


def _ms(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else max(0, round((end - begin).total_seconds() * 1000))
