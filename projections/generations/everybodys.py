"""Questions of operators: everybody's generations, those that failed grouped by what they failed of, and what ended lately."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from projections.generations.rows import GenerationRow
from projections.kernel.pages import both_ways, page

# Numbers and ids say which one it was, not what went wrong.
_SENTENCE = r"regexp_replace(g.error ->> 'message', '[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}|[0-9]+([.,:][0-9]+)*', '#', 'gi')"
_FINGERPRINT = f"left(encode(sha256(convert_to(concat_ws(E'\\n', g.error ->> 'code', g.model, {_SENTENCE}), 'UTF8')), 'hex'), 16)"
# Newest first, by the position of the request: pages neither repeat nor skip while states move.
_PAGE = f"""
    SELECT g.* FROM read.generations_v1 g
    WHERE NOT g.deleted AND g.created_position {{beyond}} %(after_position)s
      AND (%(account_id)s::uuid IS NULL OR g.account_id = %(account_id)s)
      AND (%(statuses)s::text[] IS NULL OR g.status = ANY(%(statuses)s))
      AND (%(kinds)s::text[] IS NULL OR g.kind = ANY(%(kinds)s))
      AND (%(models)s::text[] IS NULL OR g.model = ANY(%(models)s))
      AND (%(providers)s::text[] IS NULL OR g.provider = ANY(%(providers)s))
      AND (%(error_codes)s::text[] IS NULL OR g.error ->> 'code' = ANY(%(error_codes)s))
      AND (%(fingerprint)s::text IS NULL OR (g.status = 'failed' AND {_FINGERPRINT} = %(fingerprint)s))
      AND (%(created_from)s::timestamptz IS NULL OR g.created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR g.created_at < %(created_to)s)
      AND (NOT %(unrepeated)s OR NOT EXISTS (SELECT FROM read.generations_v1 r WHERE r.retry_of = g.id))
    ORDER BY g.created_position {{direction}} LIMIT %(limit)s
"""
PAGES = both_ways(_PAGE)
# Of the latest failures, as many as are looked at; what was asked for once more is settled.
FAILURES = f"""
    SELECT {_FINGERPRINT} AS fingerprint, g.error ->> 'code' AS code, g.model, {_SENTENCE} AS message,
           count(*)::int AS count, count(DISTINCT g.account_id)::int AS accounts,
           min(g.finished_at) AS first_seen, max(g.finished_at) AS last_seen,
           (array_agg(g.id ORDER BY g.finished_at DESC))[1:5] AS sample_ids
    FROM (SELECT * FROM read.generations_v1 f WHERE f.status = 'failed' AND NOT f.deleted
          ORDER BY f.created_position DESC LIMIT %(most)s) g
    WHERE g.finished_at >= %(since)s AND NOT EXISTS (SELECT FROM read.generations_v1 r WHERE r.retry_of = g.id)
    GROUP BY 1, 2, 3, 4 ORDER BY count DESC, last_seen DESC LIMIT %(limit)s
""".replace("{{", "{").replace("}}", "}")
# The end of the log, read backwards by its key: as many events as are looked at, and no older ones than asked for.
LATELY = """
    WITH span AS (
        SELECT greatest(coalesce(max(position), 0) - %(most)s, 0) AS after, clock_timestamp() AS until FROM journal.events
    ), seconds AS (
        SELECT until, after, least(%(seconds)s, (
            SELECT extract(epoch FROM until - e.recorded_at) FROM journal.events e WHERE e.position = span.after))::float8 AS seconds
        FROM span
    ), ended AS (
        SELECT e.stream, split_part(e.topic, '.', 2) AS outcome,
               CASE WHEN e.topic IN ('generations.failed', 'generations.retrying')
                    THEN convert_from(e.state, 'UTF8')::jsonb ->> 'code' END AS code
        FROM seconds s, journal.events e
        WHERE e.position > s.after AND e.recorded_at > s.until - make_interval(secs => s.seconds)
          AND e.topic IN ('generations.canceled', 'generations.failed', 'generations.retrying', 'generations.succeeded')
    )
    SELECT g.queue, g.provider, e.outcome, e.code, count(*)::int AS count, (SELECT seconds FROM seconds) AS seconds,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM g.finished_at - g.started_at) * 1000)::int AS ms_p50,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM g.finished_at - g.started_at) * 1000)::int AS ms_p95
    FROM ended e JOIN read.generations_v1 g ON g.id = e.stream
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
FAILURES_LOOKED_AT_MAX = 20_000
EVENTS_LOOKED_AT_MAX = 20_000


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """Generations that failed of the same: one code, one model, one sentence but for numbers and ids."""

    fingerprint: str
    code: str
    model: str
    message: str
    count: int
    accounts: int
    first_seen: datetime
    last_seen: datetime
    sample_ids: list[UUID]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How many attempts of a queue and provider ended so in the last `seconds`. Times of those whose generation has ended."""

    queue: str
    provider: str
    outcome: str
    code: str | None
    count: int
    seconds: float
    ms_p50: int | None
    ms_p95: int | None


async def page_of_everybodys(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID | None = None,
    statuses: Sequence[str] = (),
    kinds: Sequence[str] = (),
    models: Sequence[str] = (),
    providers: Sequence[str] = (),
    error_codes: Sequence[str] = (),
    fingerprint: str | None = None,
    unrepeated: bool = False,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[GenerationRow]:
    """Generations that are not deleted, by creation. `unrepeated`: without those that were asked for once more."""
    filters = {
        "account_id": account_id,
        "statuses": statuses,
        "kinds": kinds,
        "models": models,
        "providers": providers,
        "error_codes": error_codes,
        "fingerprint": fingerprint,
        "unrepeated": unrepeated,
        "created_from": created_from,
        "created_to": created_to,
    }
    return await page(conn, PAGES, filters, GenerationRow, order=order, limit=limit, after_position=after_position)


async def failures_by_fingerprint(
    conn: AsyncConnection[Any], *, since: datetime, limit: int, most: int = FAILURES_LOOKED_AT_MAX
) -> list[Failures]:
    """The largest groups first. Only the latest *most* failures are looked at."""
    cursor = conn.cursor(row_factory=class_row(Failures))
    await cursor.execute(FAILURES.encode(), {"since": since, "limit": limit, "most": most})
    return list(await cursor.fetchall())


async def ended_lately(conn: AsyncConnection[Any], *, seconds: float, most: int = EVENTS_LOOKED_AT_MAX) -> list[Ended]:
    """What ended in the last *seconds*; in less, when the log has more than *most* events of that time."""
    cursor = conn.cursor(row_factory=class_row(Ended))
    await cursor.execute(LATELY, {"seconds": float(seconds), "most": most})
    return list(await cursor.fetchall())
