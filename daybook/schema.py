"""Database and object store, brought to this release: numbered SQL, tables of read models, bucket."""

import psycopg

from daybook.objects import object_store
from daybook.settings import Settings
from infra.postgres.migrate import migrate
from projections.projector import prepare_read_models


async def bring_up_to_date(settings: Settings) -> list[str]:
    """What was done, one line each, for people. Needs a database address.   Raises MigrationRefused, StoreUnavailable."""
    dsn = direct_url(settings)
    done = [f"applied {name}" for name in await migrate(dsn)]
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        done += [f"made read model {name}" for name in await prepare_read_models(connection)]
    async with object_store(settings) as store:
        done += await store.prepare()
    return done


def direct_url(settings: Settings) -> str:
    """The address of sessions; a transaction pooler keeps neither locks nor LISTEN."""
    address = settings.database_direct_url or settings.database_url
    assert address is not None, "whoever asks has reached the engines first"
    return address
