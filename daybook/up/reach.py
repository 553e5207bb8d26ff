"""How a command other than `up` finds PostgreSQL and Redis.

What DATABASE_URL and REDIS_URL name comes first. What they leave out: the engines of the Daybook that holds the data
directory now; and when nobody holds it, engines started for the time of the command, brought to this release first.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from daybook.engines import EngineError, Engines, addresses
from daybook.engines.lock import holder
from daybook.settings import Settings

#: Somebody who has just begun to start needs so long.
PATIENCE_SECONDS = 10.0


@contextmanager
def reached(settings: Settings, *, migrated: bool = True, create: bool = False, redis: bool = True) -> Iterator[Settings]:
    """*settings* with both addresses in them, for as long as the block lasts.   Raises EngineError.

    Only with *create* a data directory is made: elsewhere a mistyped one would be an empty Daybook in which all is well.
    Without *redis* an address of the database is enough.
    """
    if settings.database_url and (settings.redis_url or not redis):
        yield settings
    elif holder(settings.data_dir) is not None:
        yield _with_running(settings)
    elif not create and not _was_made(settings):
        raise EngineError(
            f"there is no Daybook in the data directory {settings.data_dir}; `daybook up` makes one, "
            "or name another with DAYBOOK_DATA_DIR, or engines with DATABASE_URL and REDIS_URL"
        )
    else:
        engines = engines_of(settings)
        engines.start()
        try:
            reaching = with_engines(settings, engines)
            # Made before anybody else can come in and make another.
            reaching.secret_key()
            if migrated and not settings.database_url:
                _migrate(reaching)
            yield reaching
        finally:
            engines.stop()


def _was_made(settings: Settings) -> bool:
    """Whether the data directory holds what the settings do not name."""
    return (settings.data_dir if settings.database_url else settings.data_dir / "postgres").is_dir()


def engines_of(settings: Settings) -> Engines:
    """The engines that the settings do not name."""
    return Engines(
        settings.data_dir,
        runtime_parent=settings.runtime_parent,
        redis_server=settings.redis_server,
        with_postgres=settings.database_url is None,
        with_redis=settings.redis_url is None,
    )


def with_engines(settings: Settings, engines: Engines) -> Settings:
    """*settings* with the addresses of started engines where they have none."""
    return msgspec.structs.replace(
        settings, database_url=settings.database_url or engines.database_url, redis_url=settings.redis_url or engines.redis_url
    )


def _with_running(settings: Settings) -> Settings:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = addresses(settings.data_dir)
        if found is not None and (settings.database_url or _answers(found.database_url)):
            return msgspec.structs.replace(
                settings, database_url=settings.database_url or found.database_url, redis_url=settings.redis_url or found.redis_url
            )
        if time.monotonic() > end:
            raise EngineError(
                f"the Daybook that uses {settings.data_dir} has engines that do not answer; look into {settings.data_dir}/logs"
            )
        time.sleep(0.1)


def _answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _migrate(settings: Settings) -> None:
    from daybook.schema import bring_up_to_date

    asyncio.run(bring_up_to_date(settings))
