"""Who takes the money of this installation."""

from daybook.settings import Settings
from domain.payments.ports import Payments
from infra.payments.stripe.payments import StripePayments
from infra.payments.till import TestTill


def payments_of(settings: Settings) -> Payments:
    """Stripe where its key is set, else the test till."""
    if settings.stripe_secret_key is None:
        return TestTill(settings.public_url)
    return StripePayments(
        secret_key=settings.stripe_secret_key, webhook_secrets=settings.stripe_webhook_secret, base=settings.stripe_api_base
    )
