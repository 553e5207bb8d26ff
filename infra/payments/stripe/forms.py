"""What is asked of Stripe, as the flat forms with brackets that it reads."""

from uuid import UUID

from domain.payments.ports import CheckoutOrder, Purpose

#: By these Stripe's objects lead back to ours. What has neither is none of our business.
METADATA: dict[Purpose, str] = {"order": "daybook_order_id", "subscription": "daybook_subscription_id"}


def checkout_form(order: CheckoutOrder) -> dict[str, str]:
    """A page for one thing. Metadata of the page is not copied to the payment, so it is given to both."""
    name, text = METADATA[order.purpose], str(order.id)
    inner = "subscription_data" if order.monthly else "payment_intent_data"
    item = "line_items[0][price_data]"
    form = {
        "mode": "subscription" if order.monthly else "payment",
        "client_reference_id": text,
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "expires_at": str(int(order.expires_at.timestamp())),
        "line_items[0][quantity]": "1",
        f"{item}[currency]": order.currency.lower(),
        f"{item}[unit_amount]": str(order.amount),
        f"{item}[product_data][name]": order.title,
        f"metadata[{name}]": text,
        f"{inner}[metadata][{name}]": text,
    }
    if order.monthly:
        form[f"{item}[recurring][interval]"] = "month"
    return form


def owner_of(metadata: dict[str, str] | None) -> tuple[Purpose, UUID] | None:
    """Whose it is by its metadata; None: not ours."""
    for purpose, name in METADATA.items():
        if (text := (metadata or {}).get(name)) is not None:
            try:
                return purpose, UUID(text)
            except ValueError:
                return None
    return None
