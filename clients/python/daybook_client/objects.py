"""The server's objects. Keys that are not named here may come with later versions."""

from typing import Any, TypedDict


class Asset(TypedDict):
    id: str
    kind: str
    source: str
    generation_id: str | None
    filename: str
    content_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    duration_ms: int | None
    created_at: str
    share: dict[str, Any] | None
    url: str
    content_url: str
    thumbnail_url: str | None


class GenerationCredits(TypedDict):
    """Whole credits."""

    quoted: int
    held: int
    charged: int
    released: int
    refunded: int
    charge_id: str | None
    price_version: int


class GenerationError(TypedDict):
    code: str
    message: str
    retryable: bool
    billable: bool


class Generation(TypedDict):
    id: str
    kind: str
    status: str
    prompt: str
    model: str
    provider: str
    params: dict[str, Any]
    inputs: list[dict[str, str]]
    priority: str
    tags: list[str]
    batch_id: str | None
    schedule_id: str | None
    retry_of: str | None
    credits: GenerationCredits
    progress: float
    queue_position: int | None
    attempts: int
    cancel_requested_at: str | None
    assets: list[Asset]
    output: Any
    error: GenerationError | None
    metrics: dict[str, int | None]
    created_at: str
    updated_at: str
    run_at: str | None
    started_at: str | None
    finished_at: str | None
    start_deadline: str | None
    deadline: str
    position: int
    urls: dict[str, str | None]


class Balance(TypedDict):
    """Whole credits, as of `position` of the log."""

    available: int
    held: int
    owed: int
    expiring: list[dict[str, Any]]
    lifetime: dict[str, int]
    position: int
