"""The table read.models: how far each copy of a read model has been folded, and whether it goes on."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from projections.kernel.model import BUILDING, LIVE, ReadModel, in_schema

#: Leader locks and the lock of the table makers; arbitrary, but fixed.
LOCK_PREPARE = 0x6461_7962_6F6F_6B05

# Many processes may start at once; the first makes the tables, the others find them.
LOCK = "SELECT pg_advisory_xact_lock(%(key)s)"
# Every copy of every version, also of other builds.
STATES = "SELECT name, version, place, position, state, error FROM read.models ORDER BY name, version, place"
# A model begins at the start of the log: at once live when the log is empty, being built otherwise.
BEGIN = """
    INSERT INTO read.models (name, version, place, position, state)
    VALUES (%(name)s, %(version)s, %(place)s, 0,
            CASE WHEN %(place)s = 'read' AND NOT EXISTS (SELECT FROM journal.events) THEN 'live' ELSE 'building' END)
"""
# Compare-and-set: whoever finds other positions has been overtaken and changes nothing.
MOVE = """
    UPDATE read.models m SET position = %(to)s, error = NULL, updated_at = now()
    FROM unnest(%(names)s::text[], %(versions)s::int[]) k (name, version)
    WHERE m.name = k.name AND m.version = k.version AND m.place = %(place)s
      AND m.position = %(after)s AND m.state <> 'stopped'
"""
# Only where it stood: another runner may have folded it meanwhile.
STOP = """
    UPDATE read.models SET state = 'stopped', error = %(error)s, updated_at = now()
    WHERE name = %(name)s AND version = %(version)s AND place = %(place)s AND position = %(after)s AND state <> 'stopped'
"""
# Says why nothing moves; the state stays, because a newer build goes on from here.
NOTE = "UPDATE read.models SET error = %(error)s WHERE place = 'read' AND position = %(position)s AND state <> 'stopped'"
# It has seen the end of the log: lists may rely on it.
GO_LIVE = """
    UPDATE read.models SET state = 'live', updated_at = now()
    WHERE name = %(name)s AND version = %(version)s AND place = 'read' AND state = 'building'
"""
FORGET = "DELETE FROM read.models WHERE name = %(name)s AND version = %(version)s AND place = %(place)s"


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: int
    place: str
    position: int
    state: str
    error: str | None

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.version


async def states_of(conn: AsyncConnection[Any]) -> list[ModelState]:
    """Every copy of every read model in the database."""
    cursor = conn.cursor(row_factory=class_row(ModelState))
    await cursor.execute(STATES)
    return await cursor.fetchall()


async def prepare(conn: AsyncConnection[Any], models: Sequence[ReadModel]) -> list[str]:
    """Make the tables of models, or versions, that have none, and drop those that a live newer version has replaced.

    Safe to run by many processes at once; part of every migration. Returns the names of the models it made.
    """
    made: list[str] = []
    async with conn.transaction():
        await conn.execute(LOCK, {"key": LOCK_PREPARE})
        states = {(state.key, state.place): state for state in await states_of(conn)}
        for model in models:
            if (model.key, LIVE) not in states:
                await create(conn, model, LIVE)
                made.append(model.name)
                continue
            if states[model.key, LIVE].state == "live":
                await _drop_older(conn, model, list(states.values()))
    return made


async def create(conn: AsyncConnection[Any], model: ReadModel, place: str) -> None:
    """Empty tables in *place*, position 0."""
    await conn.execute(in_schema(model.ddl, place).encode())
    await conn.execute(BEGIN, {"name": model.name, "version": model.version, "place": place})


async def drop(conn: AsyncConnection[Any], name: str, version: int, *, tables: Sequence[str], place: str) -> None:
    """The tables and the row of one copy."""
    for table in tables:
        await conn.execute(f"DROP TABLE IF EXISTS {place}.{table}".encode())
    await conn.execute(FORGET, {"name": name, "version": version, "place": place})


async def _drop_older(conn: AsyncConnection[Any], model: ReadModel, states: Sequence[ModelState]) -> None:
    for state in states:
        if state.name == model.name and state.version < model.version:
            older = [table.replace(f"_v{model.version}", f"_v{state.version}") for table in model.tables]
            await drop(conn, state.name, state.version, tables=older, place=LIVE)
            await drop(conn, state.name, state.version, tables=older, place=BUILDING)
