"""The engines of a test session, and fresh databases on them."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
import redis

from daybook.engines import Engines, embedded

TEMPLATE = "migrated_template"
NUMBERS = count(1)
MEMORY = Path("/dev/shm")
#: Each process of the tests has engines of its own, and the rest of the machine needs memory too.
MEMORY_BYTES_MIN = 4 << 30


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """One PostgreSQL and one Redis, in a directory that goes away with them. Each xdist worker has its own."""
    data = tempfile.mkdtemp(prefix="daybook-tests-", dir=folder())
    try:
        with embedded(Path(data)) as pair:
            yield pair
    finally:
        shutil.rmtree(data, ignore_errors=True)


def folder() -> str | None:
    """In memory, where there is enough of it; else wherever temporary files go.

    Hundreds of databases are made and dropped, hundreds of files each. On ext4 each new file passes over all that were deleted in the last
    minute, which took a fifth of the CPU in four minutes of the tests.
    """
    try:
        return str(MEMORY) if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else None
    except OSError:
        return None


@pytest.fixture(scope="session")
def migrated_template(engines: Engines) -> str:
    """The name of a database with all migrations applied and empty read models; nothing may stay connected to it."""
    from infra.postgres.migrate import migrate
    from projections.projector import projector

    with admin(engines) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    asyncio.run(migrate(engines.postgres.url_of(TEMPLATE)))
    asyncio.run(projector(engines.postgres.url_of(TEMPLATE)).prepare())
    return TEMPLATE


@pytest.fixture(scope="module")
def database_url(engines: Engines, migrated_template: str) -> Iterator[str]:
    """A migrated database of this test module's own."""
    with database(engines, template=migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def database_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the objects of this module's database lie, key epochs among them: whoever opens the one needs the other."""
    return tmp_path_factory.mktemp("database")


@pytest.fixture
def fresh_database_url(engines: Engines, migrated_template: str) -> Iterator[str]:
    """A migrated database of this one test's own, about 40 ms."""
    with database(engines, template=migrated_template) as url:
        yield url


@pytest.fixture
def empty_database_url(engines: Engines) -> Iterator[str]:
    """A database of this one test's own with nothing in it."""
    with database(engines, template="template1") as url:
        yield url


@pytest.fixture(scope="module")
def redis_url(engines: Engines) -> str:
    """The session's Redis, emptied for this module."""
    with redis.Redis.from_url(engines.redis_url) as client:
        client.flushall()
    return engines.redis_url


@contextmanager
def database(engines: Engines, template: str) -> Iterator[str]:
    """A database cloned from *template*, dropped at the end whoever is still connected."""
    name = f"test_{next(NUMBERS)}"
    with admin(engines) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield engines.postgres.url_of(name)
    finally:
        with admin(engines) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def admin(engines: Engines) -> Iterator[psycopg.Connection]:
    """A short connection that may create and drop databases."""
    with psycopg.connect(engines.postgres.url_of("postgres"), autocommit=True) as connection:
        yield connection
