"""The leases of claimed work, seen from outside."""

import time
from collections.abc import Collection
from uuid import UUID

import psycopg

from tests.faults.stack import Stack

BUSY_SECONDS_MAX = 30.0
# Thirty seconds later, without the wait.
LET_LAPSE = """
    UPDATE dispatch.work SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'leased'
"""
# What is claimed and has been begun, by its worker.
HELD = """
    SELECT w.generation_id, w.lease_owner FROM dispatch.work w
    WHERE w.state = 'leased' AND EXISTS (
        SELECT FROM journal.events e WHERE e.stream = w.generation_id AND e.topic = 'generations.started')
"""


def let_lapse(running: Stack) -> None:
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        connection.execute(LET_LAPSE)


def held(running: Stack) -> dict[UUID, UUID]:
    """The generations that were begun by whoever has claimed them, with the ids of those workers, also of dead ones."""
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        return dict(connection.execute(HELD).fetchall())


def wait_until_busy(running: Stack, dead: Collection[UUID] = ()) -> set[UUID]:
    """The workers in the middle of jobs, besides the *dead*, once there is one.   Raises AssertionError."""
    until = time.monotonic() + BUSY_SECONDS_MAX
    while not (busy := set(held(running).values()) - set(dead)):
        assert time.monotonic() < until, "no worker began anything"
        time.sleep(0.02)
    return busy
