"""What stands beside the log and follows from it: unique claims, work rows of open generations, incarnations.

What does not follow from it cannot be brought back by an import: subject keys, so nobody's words can be read and nobody can
log in; sessions; objects; provider keys; the private halves of the notary's keys.
"""

from typing import Any

from psycopg import AsyncConnection

from infra.imports.refused import ImportRefused

# An address belongs to the account that was registered with it, until its erasure is asked for.
EMAILS = """
    INSERT INTO journal.claims (claim, stream)
    SELECT 'email:' || (convert_from(r.state, 'UTF8')::json ->> 'email_index'), r.stream FROM journal.events r
    WHERE r.topic = 'accounts.registered'
      AND NOT EXISTS (SELECT FROM journal.events e WHERE e.stream = r.stream AND e.topic = 'accounts.erasure_requested')
"""
# It was welcomed once, and stays so.
WELCOMES = """
    INSERT INTO journal.claims (claim, stream)
    SELECT DISTINCT ON (1) 'welcome:' || (convert_from(r.state, 'UTF8')::json ->> 'email_index'), r.stream
    FROM journal.events r JOIN journal.events g ON g.command_id = r.command_id AND g.topic = 'credits.granted'
    WHERE r.topic = 'accounts.registered' ORDER BY 1, r.position
"""
# Tokens that were neither revoked nor ended by an erasure.
TOKENS = """
    INSERT INTO journal.claims (claim, stream)
    SELECT 'api_token:' || (i.fact ->> 'token_hash'), i.stream
    FROM (SELECT stream, convert_from(state, 'UTF8')::json AS fact FROM journal.events WHERE topic = 'accounts.api_token_issued') i
    WHERE NOT EXISTS (
        SELECT FROM journal.events e
        WHERE e.stream = i.stream
          AND (e.topic = 'accounts.erasure_requested'
               OR e.topic = 'accounts.api_token_revoked'
                  AND convert_from(e.state, 'UTF8')::json ->> 'token_id' = i.fact ->> 'token_id'))
"""
# What was asked for and has not ended. Who is next is decided anew, in the order in which they were asked for.
WORK = """
    INSERT INTO dispatch.work (generation_id, account_id, queue, model, provider, priority, turn, rank, state, run_at,
                               start_deadline, deadline, started, cancel_requested, created_at)
    SELECT stream, account_id, fact ->> 'queue', fact ->> 'model', fact ->> 'provider', priority, turn, turn - 50 * priority,
           CASE WHEN run_at IS NULL THEN 'ready' ELSE 'waiting' END, run_at,
           (fact ->> 'start_deadline')::timestamptz, (fact ->> 'deadline')::timestamptz,
           EXISTS (SELECT FROM journal.events e WHERE e.stream = o.stream AND e.topic = 'generations.started'),
           EXISTS (SELECT FROM journal.events e WHERE e.stream = o.stream AND e.topic = 'generations.cancel_requested'),
           recorded_at
    FROM (
        SELECT r.stream, r.account_id, r.recorded_at, f.fact,
               CASE f.fact ->> 'priority' WHEN 'high' THEN 1 WHEN 'low' THEN -1 ELSE 0 END AS priority,
               row_number() OVER (PARTITION BY f.fact ->> 'queue' ORDER BY r.position) AS turn,
               (SELECT (convert_from(e.state, 'UTF8')::json ->> 'run_at')::timestamptz FROM journal.events e
                WHERE e.stream = r.stream AND e.topic IN ('generations.requested', 'generations.queued', 'generations.retrying')
                ORDER BY e.version DESC LIMIT 1) AS run_at
        FROM journal.events r, LATERAL (SELECT convert_from(r.state, 'UTF8')::json AS fact) f
        WHERE r.topic = 'generations.requested'
          AND NOT EXISTS (
              SELECT FROM journal.events e
              WHERE e.stream = r.stream AND e.topic IN ('generations.canceled', 'generations.failed', 'generations.succeeded'))
    ) o
"""
# Each restore that lost events began the next incarnation, and said so.
INCARNATIONS = """
    INSERT INTO proofs.log (incarnation, lost_from, begun_at)
    SELECT (fact ->> 'incarnation')::integer, (fact ->> 'lost_from')::bigint, recorded_at
    FROM (SELECT recorded_at, convert_from(state, 'UTF8')::json AS fact FROM journal.events WHERE topic = 'notary.log_restored') r
    ON CONFLICT DO NOTHING
"""
INCARNATION = "SELECT max(incarnation) FROM proofs.log"


async def make_claims(conn: AsyncConnection[Any]) -> int:
    """How many names are taken now."""
    return sum([(await conn.execute(sql.encode())).rowcount for sql in (EMAILS, WELCOMES, TOKENS)])


async def make_work(conn: AsyncConnection[Any]) -> int:
    """How many generations wait for a worker, or for their deadline, now."""
    return (await conn.execute(WORK)).rowcount


async def check_incarnation(conn: AsyncConnection[Any], expected: int) -> None:
    """Bring back the incarnations.   Raises ImportRefused when the log tells of others than the file's origin."""
    await conn.execute(INCARNATIONS)
    row = await (await conn.execute(INCARNATION)).fetchone()
    if row != (expected,):
        raise ImportRefused(f"the origin names incarnation {expected}, the log tells of {row[0] if row else 0}")
