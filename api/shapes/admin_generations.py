"""What operators see and order of everybody's generations."""

from typing import Annotated, Literal

from msgspec import Meta

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Query, Shown, When, moment
from api.shapes.admin import Reason
from api.shapes.submissions import Status
from domain.kernel.limits import FAILURE_DAYS_MAX, FILTER_WORD_CHARS_MAX, FILTER_WORDS_MAX, ORDER_GENERATIONS_MAX, PAGE_SIZE_MAX
from domain.kernel.patterns import END
from projections.generations.everybodys import Failures
from projections.generations.rows import GenerationRow

Fingerprint = Annotated[str, Meta(pattern="^[0-9a-f]{16}" + END)]
Most = Annotated[int, Meta(ge=1, le=ORDER_GENERATIONS_MAX)]
Ids = Annotated[list[Id], Meta(min_length=1, max_length=ORDER_GENERATIONS_MAX)]
Words = Annotated[list[Annotated[str, Meta(max_length=FILTER_WORD_CHARS_MAX)]], Meta(max_length=FILTER_WORDS_MAX)]
Repeatable = Literal["canceled", "failed"]
Open = Literal["queued", "running", "scheduled"]


class AdminGeneration(Shown):
    """Without anything its owner wrote: running a fleet needs no prompts."""

    id: Id
    account_id: Id
    kind: str
    status: str
    model: str
    provider: str
    queue: str
    priority: str
    retry_of: Id | None
    quoted: Count
    charged: Count
    refunded: Count
    attempts: int
    error_code: str | None
    assets: Count
    created_at: Moment
    updated_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    deadline: Moment
    position: Count


class AdminGenerationQuery(ListQuery):
    """`older_than` is the same as `created_to`; the earlier of the two counts. `fingerprint` is one of the groups of failures."""

    status: list[Status] = []
    error: list[str] = []
    account: Id | None = None
    kind: list[str] = []
    model: list[str] = []
    provider: list[str] = []
    fingerprint: Fingerprint | None = None
    older_than: When | None = None


class FailureQuery(Query):
    days: Annotated[int, Meta(ge=1, le=FAILURE_DAYS_MAX)] = 7
    limit: Annotated[int, Meta(ge=1, le=PAGE_SIZE_MAX)] = 50


class FailureGroup(Shown):
    """Generations that failed of the same and were not asked for once more: one code, one model, one sentence (numbers and ids are `#`).

    `fingerprint` selects them in the list and in orders.
    """

    fingerprint: Fingerprint
    code: str
    model: str
    message: str
    count: Count
    accounts: Count
    first_seen: Moment
    last_seen: Moment
    sample_ids: list[Id]


class AllFailures(Shown):
    """The largest groups first, out of the latest 20,000 failures."""

    data: list[FailureGroup]
    next_cursor: None


class Selection(Body):
    error: Words = []
    account: Id | None = None
    kind: Words = []
    model: Words = []
    provider: Words = []
    older_than: When | None = None


class RetrySelection(Selection):
    """Without a `status`: those that failed. What was asked for once more before is left out."""

    status: Annotated[list[Repeatable], Meta(max_length=FILTER_WORDS_MAX)] = []
    fingerprint: Fingerprint | None = None


class CancelSelection(Selection):
    """Without a `status`: all that have not ended."""

    status: Annotated[list[Open], Meta(max_length=FILTER_WORDS_MAX)] = []


class NewRetry(Body):
    """Either `ids` or `filter`, of which the oldest `limit` are taken. `charge` "house": the price is given as goodwill.

    `dry_run`: only say which ones it would be.
    """

    reason: Reason
    ids: Ids | None = None
    filter: RetrySelection | None = None
    limit: Most = ORDER_GENERATIONS_MAX
    charge: Literal["account", "house"] = "account"
    dry_run: bool = False


class NewCancel(Body):
    """Either `ids` or `filter`, of which the oldest `limit` are taken. `dry_run`: only say which ones it would be."""

    reason: Reason
    ids: Ids | None = None
    filter: CancelSelection | None = None
    limit: Most = ORDER_GENERATIONS_MAX
    dry_run: bool = False


class OrderItem(Shown):
    """`outcome` is "matched" in a dry run; "retried", "canceled" or "cancel_requested"; or the code of why not, with a sentence.

    `again` is the generation that a retry made.
    """

    generation_id: Id
    outcome: str
    detail: str | None
    again: Id | None


class Order(Shown):
    """`more`: the filter selects others beyond the limit. `order_id` is null in a dry run."""

    order_id: Id | None
    what: Literal["cancel", "retry"]
    dry_run: bool
    matched: Count
    done: Count
    more: bool
    items: list[OrderItem]


def shown_admin_generation(row: GenerationRow) -> AdminGeneration:
    return AdminGeneration(
        id=str(row.id),
        account_id=str(row.account_id),
        kind=row.kind,
        status=row.status,
        model=row.model,
        provider=row.provider,
        queue=row.queue,
        priority=row.priority,
        retry_of=None if row.retry_of is None else str(row.retry_of),
        quoted=row.quoted,
        charged=row.charged,
        refunded=row.refunded,
        attempts=row.attempts,
        error_code=None if row.error is None else row.error["code"],
        assets=len(row.asset_ids),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        started_at=moment(row.started_at),
        finished_at=moment(row.finished_at),
        deadline=moment(row.deadline),
        position=row.position,
    )


def shown_failures(group: Failures) -> FailureGroup:
    return FailureGroup(
        fingerprint=group.fingerprint,
        code=group.code,
        model=group.model,
        message=group.message,
        count=group.count,
        accounts=group.accounts,
        first_seen=moment(group.first_seen),
        last_seen=moment(group.last_seen),
        sample_ids=[str(each) for each in group.sample_ids],
    )
