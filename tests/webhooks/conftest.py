"""One served API and one receiver for each test module, and what is needed to send."""

import pytest
import pytest_asyncio

from tests.support.api_house import House, open_house
from tests.support.post_office import PostOffice
from tests.support.webhook_receiver import Receiver


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_url: str, redis_url: str, database_folder, receiver: Receiver):
    environ = {"DAYBOOK_RATE_LIMITS": "off", "DAYBOOK_OUTGOING_ALLOW": receiver.authority}
    async with open_house(database_url, redis_url, database_folder, **environ) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module")
async def alice(house: House):
    return await house.person(credits=100)


@pytest.fixture
def office(house: House, database_url: str, receiver: Receiver) -> PostOffice:
    return PostOffice(house, database_url, [receiver.authority])
