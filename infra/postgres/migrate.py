"""Numbered SQL files, each applied once and in one transaction, safe with any number of processes at once."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg

MIGRATIONS = Path(__file__).parent / "migrations"
SERVER_VERSION_MIN = 150_000
LOCK_KEY = 0x6461_7962_6F6F_6B01
LOCK_WAIT_SECONDS = 60

# Waiting has an end, so that a stuck migration is a sentence and not a hang.
LOCK = f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'; SELECT pg_advisory_xact_lock({LOCK_KEY})"
# IF NOT EXISTS alone races between sessions; under the lock it cannot.
PREPARE = """
    CREATE SCHEMA IF NOT EXISTS journal;
    CREATE TABLE IF NOT EXISTS journal.migrations (
        name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
    )
"""
APPLIED = "SELECT name, checksum FROM journal.migrations"
RECORD = "INSERT INTO journal.migrations (name, checksum) VALUES (%(name)s, %(checksum)s)"


class MigrationRefused(Exception):
    """The database cannot be migrated; the sentence says what to do."""


class Migration(NamedTuple):
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def migrate(dsn: str, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing, in order of its number. Returns the names applied by this call.   Raises MigrationRefused."""
    migrations = read_folder(folder)
    applied: list[str] = []
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True, prepare_threshold=None) as connection:
        check_server(connection.info.server_version)
        for migration in migrations:
            if await _apply(connection, migration):
                applied.append(migration.name)
    return applied


def read_folder(folder: Path) -> Sequence[Migration]:
    """The migrations in order.   Raises MigrationRefused when two share a number."""
    paths = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    numbers = [path.name[:4] for path in paths]
    for number in numbers:
        if numbers.count(number) > 1:
            raise MigrationRefused(f"Two migrations have the number {number} in {folder.name}. Give one of them the next free number.")
    return [Migration(path.stem, path.read_text(encoding="utf-8")) for path in paths]


def check_server(version: int) -> None:
    """*version* as the server counts it: 150004 is 15.4.   Raises MigrationRefused."""
    if version < SERVER_VERSION_MIN:
        raise MigrationRefused(
            f"PostgreSQL {version // 10_000} is too old: Daybook needs PostgreSQL {SERVER_VERSION_MIN // 10_000} or newer."
        )


async def _apply(connection: psycopg.AsyncConnection, migration: Migration) -> bool:
    """One transaction: lock, look, apply, record. So a killed process leaves a migration wholly done or not begun."""
    async with connection.transaction():
        await connection.execute(LOCK)
        await connection.execute(PREPARE)
        rows = await (await connection.execute(APPLIED)).fetchall()
        applied = {str(name): checksum for name, checksum in rows}
        if migration.name in applied:
            if applied[migration.name] != migration.checksum:
                raise MigrationRefused(
                    f"{migration.name} was changed after it was applied here. Restore the file and put the change into a new one."
                )
            return False
        await connection.execute(migration.sql.encode())
        await connection.execute(RECORD, {"name": migration.name, "checksum": migration.checksum})
        return True
