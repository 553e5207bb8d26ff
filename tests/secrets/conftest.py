"""What the tests of keys stand on."""

import pytest

from infra.objects.directory import DirectoryStore
from infra.postgres.pool import open_pool
from tests.support.signer import TestSigner


@pytest.fixture
async def pool(fresh_database_url):
    async with open_pool(fresh_database_url, size=4, name="tests of keys") as opened:
        yield opened


@pytest.fixture
async def objects(tmp_path):
    store = DirectoryStore(tmp_path, public_url="http://daybook.test", signer=TestSigner())
    await store.prepare()
    yield store
    await store.close()
