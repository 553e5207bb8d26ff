"""Against Stripe itself, with a key for rehearsals; and the documents name every message that matters."""

import os
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.payments.ports import CheckoutOrder
from infra.payments.stripe.hearing import LOOKS
from infra.payments.stripe.payments import StripePayments
from tests.architecture.source import ROOT

KEY = os.environ.get("STRIPE_SECRET_KEY", "")


@pytest.mark.skipif(not re.match("(sk|rk)_test_", KEY), reason="needs STRIPE_SECRET_KEY of a Stripe account, for rehearsals only")
@pytest.mark.parametrize("monthly", [False, True])
async def test_stripe_opens_a_page_once_and_closes_it(monthly):
    payments = StripePayments(secret_key=KEY, webhook_secrets=["whsec_unused_here"], base="https://api.stripe.com")
    asked = CheckoutOrder(
        purpose="subscription" if monthly else "order",
        id=uuid4(),
        account_id=uuid4(),
        title="100 credits",
        amount=499,
        currency="USD",
        success_url="https://example.com/thanks",
        cancel_url="https://example.com/",
        expires_at=datetime.now(UTC) + timedelta(hours=1),
        monthly=monthly,
    )
    try:
        page, again = [await (payments.subscribe if monthly else payments.checkout)(asked) for _ in range(2)]
        assert page == again
        assert page.url.startswith("https://") and page.reference.startswith("cs_test_")
        await payments.cancel_at_period_end(page.reference)
    finally:
        await payments.close()


def test_the_documents_name_every_message_that_matters():
    text = (ROOT / "docs" / "stripe.md").read_text(encoding="utf-8")
    listed = re.findall(r"[a-z_]+(?:\.[a-z_]+)+", text.split("```")[1])
    assert sorted(listed) == sorted(LOOKS)
