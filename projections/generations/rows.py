"""The row of a generation: what changes after its request, and what never does."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


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

    `created_position`: the stream's first fact, by which lists are ordered. All other fields are called as in the aggregate, so that one
    that is folded from its stream can be shown in the row's place: for reads that must not wait, and for replays.
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
