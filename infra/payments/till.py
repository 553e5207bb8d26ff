"""The test till: the payment adapter of an installation that has no real one. Nobody is asked for money, and nobody is told of any."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.payments.ports import TEST, Checkout, CheckoutOrder, PaymentEvent, SignatureRefused


class TestTill:
    """Implements `domain.payments.ports.Payments`. Its page is the explicit call that pays: `POST` to the checkout's URL."""

    #: Not a test, whatever pytest thinks of the name.
    __test__ = False
    name = TEST
    livemode = False

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    async def checkout(self, order: CheckoutOrder) -> Checkout:
        return self._open(order, f"/v1/credits/purchases/{order.id}/pay")

    async def subscribe(self, order: CheckoutOrder) -> Checkout:
        return self._open(order, f"/v1/subscriptions/{order.id}/pay")

    async def cancel_at_period_end(self, reference: str) -> None:
        """The scheduler looks at the subscription itself when its period is over."""

    async def heard(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> Sequence[PaymentEvent]:
        """Nobody writes to the test till."""
        raise SignatureRefused(reason="the test till hears nothing")

    async def close(self) -> None:
        """There is nothing to close."""

    def _open(self, order: CheckoutOrder, path: str) -> Checkout:
        return Checkout(reference=f"test_{order.id}", url=self._public_url + path, expires_at=order.expires_at)
