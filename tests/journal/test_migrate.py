"""Migrations: each once, in order, wholly or not at all, and a sentence when it cannot be."""

from pathlib import Path

import psycopg
import pytest

from infra.postgres.migrate import MIGRATIONS, MigrationRefused, check_server, migrate, read_folder
from tests.support.journal import execute_sql


def write(folder: Path, name: str, sql: str) -> None:
    (folder / f"{name}.sql").write_text(sql)


async def test_files_are_applied_once_in_the_order_of_their_numbers(empty_database_url: str, tmp_path: Path) -> None:
    write(tmp_path, "0002_second", "INSERT INTO one VALUES (2)")
    write(tmp_path, "0001_first", "CREATE TABLE one (n int); INSERT INTO one VALUES (1)")
    assert await migrate(empty_database_url, tmp_path) == ["0001_first", "0002_second"]
    assert await migrate(empty_database_url, tmp_path) == []
    write(tmp_path, "0003_third", "INSERT INTO one VALUES (3)")
    assert await migrate(empty_database_url, tmp_path) == ["0003_third"]
    assert execute_sql(empty_database_url, "SELECT array_agg(n ORDER BY n) FROM one") == [([1, 2, 3],)]


async def test_a_file_that_fails_leaves_nothing_of_itself(empty_database_url: str, tmp_path: Path) -> None:
    write(tmp_path, "0001_first", "CREATE TABLE one (n int)")
    write(tmp_path, "0002_bad", "CREATE TABLE two (n int); SELECT 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(empty_database_url, tmp_path)
    assert execute_sql(empty_database_url, "SELECT to_regclass('one') IS NULL, to_regclass('two') IS NULL") == [(False, True)]
    assert execute_sql(empty_database_url, "SELECT name FROM journal.migrations") == [("0001_first",)]


async def test_a_file_changed_after_it_was_applied_is_refused(empty_database_url: str, tmp_path: Path) -> None:
    write(tmp_path, "0001_first", "CREATE TABLE one (n int)")
    await migrate(empty_database_url, tmp_path)
    write(tmp_path, "0001_first", "CREATE TABLE one (n bigint)")
    with pytest.raises(MigrationRefused, match="0001_first was changed"):
        await migrate(empty_database_url, tmp_path)


def test_two_files_with_one_number_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "0001_first", "")
    write(tmp_path, "0001_other", "")
    with pytest.raises(MigrationRefused, match="number 0001"):
        read_folder(tmp_path)


def test_an_old_server_is_refused_with_a_sentence() -> None:
    with pytest.raises(MigrationRefused, match="PostgreSQL 14 is too old: Daybook needs PostgreSQL 15 or newer"):
        check_server(140_011)
    check_server(150_000)


def test_the_houses_own_files_have_numbers_of_their_own_and_say_what_they_are_for() -> None:
    migrations = read_folder(MIGRATIONS)
    assert migrations[0].name == "0001_journal"
    assert all(migration.sql.startswith("-- ") for migration in migrations)
