"""A generation as clients see it: one way to make it, for first answers, replays, single reads and lists."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from api.kit.shapes import Count, Id, Moment, Showing, Shown, moment
from api.shapes.assets import Asset, shown_asset
from domain.generations.failures import FAILURES
from domain.generations.generation import Generation as Stream
from domain.generations.words import opened, private_params
from domain.kernel.ids import text_of
from domain.ports import SubjectKey
from projections.assets.assets import AssetRow
from projections.generations.rows import GenerationRow

FailureCode = Annotated[
    str,
    msgspec.Meta(
        description=" ".join(f"`{code}`: {sentence}" for code, sentence in FAILURES.items()), extra_json_schema={"enum": list(FAILURES)}
    ),
]


class GenerationCredits(Shown):
    """The generation's money, in whole credits. `charge_id` is set once something was charged."""

    quoted: Count
    held: Count
    charged: Count
    released: Count
    refunded: Count
    charge_id: Id | None
    price_version: Count


class GenerationError(Shown):
    """Why it failed. `retryable`: the same request may succeed later. `billable`: what could be read before it failed was charged."""

    code: FailureCode
    message: str
    retryable: bool
    billable: bool


class GenerationMetrics(Shown):
    """Milliseconds from queued to the first start, null before it, and from there to the end, null before it or without a start."""

    queued_ms: int | None
    run_ms: int | None


class GenerationUrls(Shown):
    self_: str = msgspec.field(name="self")
    events: str
    cancel: str


class Generation(Shown):
    """`status`: scheduled, queued and running are open; succeeded, failed and canceled are final, and final is final.

    `queue_position`: how many are before it and itself, up to 10,000, while it is queued and shown alone; to count that for every row of a
    list would cost more than it tells.
    """

    id: Id
    kind: str
    status: str
    prompt: str
    model: str
    provider: str
    params: dict[str, Any]
    inputs: list[dict[str, str]]
    priority: str
    tags: list[str]
    batch_id: Id | None
    schedule_id: Id | None
    retry_of: Id | None
    credits: GenerationCredits
    progress: float
    queue_position: int | None
    attempts: int
    cancel_requested_at: Moment | None
    assets: list[Asset]
    output: Any
    error: GenerationError | None
    metrics: GenerationMetrics
    created_at: Moment
    updated_at: Moment
    run_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    start_deadline: Moment | None
    deadline: Moment
    position: Count
    urls: GenerationUrls


class Batch(Shown):
    """Generations that were accepted together, in the order in which they were asked for."""

    id: Id
    generations: list[Generation]


def shown_generation(call: Showing, key: SubjectKey, row: GenerationRow | Stream, assets: Mapping[UUID, AssetRow]) -> Generation:
    """*row* for its owner, whose *key* opens his words. *assets* holds the rows of its assets; deleted ones are left out."""
    words = call.just_sealed[1] if call.just_sealed and call.just_sealed[0] == row.sealed else opened(key, row.sealed)
    generation_id = text_of(row.id)
    url = f"{call.public_url}/v1/generations/{generation_id}"
    created_at = moment(row.created_at)
    # Sorted, because the read model does not keep the order of keys that the log has.
    params = dict(sorted({**row.params, **private_params(words)}.items()))
    return Generation(
        id=generation_id,
        kind=row.kind,
        status=row.status,
        prompt=words.prompt,
        model=row.model,
        provider=row.provider,
        params=params,
        inputs=words.inputs,
        priority=row.priority,
        tags=words.tags,
        batch_id=None if row.batch_id is None else text_of(row.batch_id),
        schedule_id=None if row.schedule_id is None else text_of(row.schedule_id),
        retry_of=None if row.retry_of is None else text_of(row.retry_of),
        credits=_credits(row, generation_id),
        progress=1.0 if row.status == "succeeded" else 0.0,
        queue_position=None,
        attempts=row.attempts,
        cancel_requested_at=moment(row.cancel_requested_at),
        assets=[shown_asset(call, key, assets[asset_id]) for asset_id in row.asset_ids if asset_id in assets],
        output=None if row.sealed_output is None else msgspec.json.decode(key.open(row.sealed_output)),
        error=None if row.error is None else GenerationError(**row.error, billable=row.charged > 0),
        metrics=_metrics(row),
        created_at=created_at,
        updated_at=created_at if row.updated_at is row.created_at else moment(row.updated_at),
        run_at=moment(row.run_at),
        started_at=moment(row.started_at),
        finished_at=moment(row.finished_at),
        start_deadline=moment(row.start_deadline),
        deadline=moment(row.deadline),
        position=row.position,
        urls=GenerationUrls(self_=url, events=f"{url}/events", cancel=f"{url}/cancel"),
    )


def _credits(row: GenerationRow | Stream, charge_id: str) -> GenerationCredits:
    return GenerationCredits(
        quoted=row.quoted,
        held=row.held,
        charged=row.charged,
        released=row.released,
        refunded=row.refunded,
        charge_id=charge_id if row.charged else None,
        price_version=row.price_version,
    )


def _metrics(row: GenerationRow | Stream) -> GenerationMetrics:
    if row.started_at is None:
        return GenerationMetrics(queued_ms=None, run_ms=None)
    return GenerationMetrics(queued_ms=_milliseconds(row.queued_at, row.started_at), run_ms=_milliseconds(row.started_at, row.finished_at))


def _milliseconds(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else max(0, round((end - begin).total_seconds() * 1000))
