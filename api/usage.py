"""What you used."""

from datetime import timedelta

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.refusals import ValidationFailed
from api.shapes.usage import Usage, UsageQuery, shown_group, shown_statistics
from projections.usage.queries import statistics_of, usage_of

DAYS_DEFAULT = 30
DAYS_MAX = 366


async def usage(call: Call, query: UsageQuery) -> Answer:
    """What you used and what it cost, by day, kind or model."""
    to = query.to or (call.now + timedelta(days=1)).date()
    try:
        begin = query.from_ or to - timedelta(days=DAYS_DEFAULT)
        days = (to - begin).days
    except OverflowError:
        days = 0
    if not 0 < days <= DAYS_MAX:
        sentence = f"must be from 1 to {DAYS_MAX} days before `to`"
        raise ValidationFailed(reason=f"`from` {sentence}", errors=[("/from", sentence)])
    async with call.platform.reads.connection() as connection:
        rows = await usage_of(connection, call.account_id, from_day=begin, to_day=to, group_by=query.group_by)
    data = [shown_group(row) for row in rows]
    return ok(Usage(from_=begin.isoformat(), to=to.isoformat(), group_by=query.group_by, data=data))


async def statistics(call: Call) -> Answer:
    """All that you did so far."""
    async with call.platform.reads.connection() as connection:
        return ok(shown_statistics(await statistics_of(connection, call.account_id)))
