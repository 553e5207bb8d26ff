"""Whether PostgreSQL has connections for everybody, told before the first client finds out."""

from collections.abc import Sequence

import psycopg

from daybook.connections import CONNECTIONS
from daybook.engines import EngineError
from daybook.schema import direct_url
from daybook.settings import Settings

#: Left for `daybook` commands, psql and a second worker.
SPARE = 10

# What ordinary users may have together.
AVAILABLE = """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
"""


def check_budget(settings: Settings, roles: Sequence[str]) -> None:
    """Raises EngineError with both numbers when the sum is too great."""
    wanted = sum(CONNECTIONS[role] for role in roles) + SPARE
    with psycopg.connect(direct_url(settings), autocommit=True) as connection:
        row = connection.execute(AVAILABLE).fetchone()
    available = int(row[0]) if row else 0
    if wanted > available:
        raise EngineError(
            f"PostgreSQL allows {available} connections, Daybook on this machine needs {wanted}; "
            f"set max_connections to {wanted + 5} or more, or put a pooler before it and set DATABASE_DIRECT_URL"
        )
