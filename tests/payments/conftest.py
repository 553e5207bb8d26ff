"""One shop for each test module; or one server and one adapter, where no shop is needed."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from infra.payments.stripe.payments import StripePayments
from tests.support.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer
from tests.support.stripe_shop import open_shop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(database_url: str, redis_url: str, database_folder):
    async with open_shop(database_url, redis_url, database_folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def stripe_process() -> Iterator[StripeServer]:
    with StripeServer() as server:
        yield server


@pytest.fixture
def stripe(stripe_process: StripeServer) -> StripeServer:
    """A new account in Stripe's place."""
    stripe_process.reset()
    return stripe_process


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def payments(stripe_process: StripeServer):
    """Reading the authorities of TLS takes longer than most tests here, so one adapter serves them all."""
    adapter = StripePayments(secret_key=SECRET_KEY, webhook_secrets=[WEBHOOK_SECRET], base=stripe_process.base, pauses_seconds=(0.01, 0.01))
    yield adapter
    await adapter.close()
