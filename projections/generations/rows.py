"""The row of a generation: what changes after its request, and what never does."""

from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec

from domain.generations.generation import Generation


class GenerationState(msgspec.Struct, kw_only=True):
    """What changes after the request. `error` is {code, message, retryable}; `sealed_output` is ciphertext."""

    id: UUID
    status: str
    model: str
    provider: str
    fallback_models: list[str]
    held: int
    charged: int = 0
    released: int = 0
    refunded: int = 0
    attempt: int = 0
    attempts: int = 0
    cancel_requested_at: datetime | None = None
    asset_ids: list[UUID] = []
    usage: dict[str, int] = {}
    error: dict[str, Any] | None = None
    sealed_output: str | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime
    deleted: bool = False
    #: The stream's last fact.
    position: int


class GenerationRow(GenerationState, kw_only=True):
    """`sealed` is JSON {prompt, negative_prompt, tags} under the account's key. The charge's id is the generation's.

    `created_position`: the stream's first fact, by which lists are ordered (0 when folded from a stream).
    """

    account_id: UUID
    kind: str
    queue: str
    params: dict[str, Any]
    inputs: list[dict[str, Any]]
    sealed: str
    tag_index: list[str]
    priority: str
    batch_id: UUID | None
    schedule_id: UUID | None
    retry_of: UUID | None
    quoted: int
    price_version: int
    on_cancel: str
    run_at: datetime | None
    start_deadline: datetime | None
    deadline: datetime
    created_at: datetime
    created_position: int

    @property
    def queued_ms(self) -> int | None:
        """Milliseconds from queued to the first start; None before it."""
        return _ms(self.queued_at, self.started_at)

    @property
    def run_ms(self) -> int | None:
        """Milliseconds from the first start to the end; None before it, or when it never started."""
        return _ms(self.started_at, self.finished_at)


#: Fields that a generation and its row call the same.
_SAME = tuple(name for name in GenerationRow.__struct_fields__ if name not in ("created_at", "updated_at", "position", "created_position"))

_same = attrgetter(*_SAME)


def row_of(generation: Generation) -> GenerationRow:
    """The same row from the folded stream, for reads that must not wait and for replays."""
    return GenerationRow(
        **dict(zip(_SAME, _same(generation), strict=True)),
        created_at=generation.created_on,
        updated_at=generation.updated_at or generation.created_on,
        position=generation.position,
        created_position=0,
    )


def _ms(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else max(0, round((end - begin).total_seconds() * 1000))
