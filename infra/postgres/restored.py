"""What a restored database still believes of the moment it was copied, and who works on it meanwhile."""

from uuid import UUID

from domain.ports import Connections

#: Connections of a command itself, which may be there.
COMMANDS = ("daybook command", "daybook journal", "daybook journal side")

# Whoever serves or works would decide on what is about to change.
OTHERS = """
    SELECT DISTINCT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'daybook %%' AND application_name <> ALL (%(commands)s)
    ORDER BY application_name
"""
# The workers that held them are of another time. Run in isolation: nobody knows how far they came.
LEASES = """
    UPDATE dispatch.work SET state = 'ready', lease_owner = NULL, lease_until = NULL, isolate = true
    WHERE state = 'leased' RETURNING generation_id
"""
WORKERS = "DELETE FROM dispatch.workers"
# Who logged out, or changed his password, after the copy was made would be logged in again.
SESSIONS = "DELETE FROM access.sessions"


async def others_at_work(connections: Connections) -> list[str]:
    """Names of the connections of other processes of ours."""
    async with connections.connection() as connection:
        rows = await (await connection.execute(OTHERS, {"commands": list(COMMANDS)})).fetchall()
    return [row[0] for row in rows]


async def void(connections: Connections) -> list[UUID]:
    """Make leases, workers' cards and sessions void. The generations whose leases they were."""
    async with connections.connection() as connection:
        rows = await (await connection.execute(LEASES)).fetchall()
        for query in (WORKERS, SESSIONS):
            await connection.execute(query)
    return [row[0] for row in rows]
