"""What was used and what it cost, by day, kind or model."""

from datetime import date
from typing import Literal

import msgspec

from api.kit.shapes import Count, Moment, Query, Shown, moment
from projections.usage.queries import StatisticsRow, UsageRow


class UsageQuery(Query):
    """Days are UTC; `from` is included, `to` is not. Without them: the last 30 days."""

    from_: date | None = msgspec.field(default=None, name="from")
    to: date | None = None
    group_by: Literal["day", "kind", "model"] = "day"


class UsageGroup(Shown):
    """Exactly one of `day`, `kind`, `model` is set. `spent` is before refunds."""

    day: str | None
    kind: str | None
    model: str | None
    requested: Count
    succeeded: Count
    failed: Count
    canceled: Count
    spent: Count
    refunded: Count


class Usage(Shown):
    """Groups without any use are left out."""

    from_: str = msgspec.field(name="from")
    to: str
    group_by: str
    data: list[UsageGroup]


class Statistics(Shown):
    """All that an account has done so far."""

    generations: Count
    by_status: dict[str, Count]
    by_kind: dict[str, Count]
    credits_spent: Count
    credits_refunded: Count
    assets: Count
    bytes_stored: Count
    first_used_at: Moment | None
    last_used_at: Moment | None


def shown_group(row: UsageRow) -> UsageGroup:
    return UsageGroup(
        day=None if row.day is None else row.day.isoformat(),
        kind=row.kind,
        model=row.model,
        requested=row.requested,
        succeeded=row.succeeded,
        failed=row.failed,
        canceled=row.canceled,
        spent=row.spent,
        refunded=row.refunded,
    )


def shown_statistics(row: StatisticsRow) -> Statistics:
    return Statistics(
        generations=row.generations,
        by_status=row.by_status,
        by_kind=row.by_kind,
        credits_spent=row.spent,
        credits_refunded=row.refunded,
        assets=row.assets,
        bytes_stored=row.bytes_stored,
        first_used_at=moment(row.first_used_at),
        last_used_at=moment(row.last_used_at),
    )
