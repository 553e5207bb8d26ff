"""What a Stripe account holds, and what buyers, banks and clocks do to it. Written from the wire format, not from our adapter.

Each deed returns the messages that Stripe would send about it, in Stripe's own order, with the object as it was then.
"""

import copy
import secrets
import time
from itertools import count
from typing import Any

Thing = dict[str, Any]
MONTH_SECONDS = 30 * 86_400
#: How long a checkout page may stay open.
OPEN_SECONDS = (30 * 60, 24 * 3600)
#: Fields that an answer has only when they are asked for.
INCLUDABLE = {"invoice": ("payments",)}


class Refused(Exception):
    """A 4xx, as Stripe words it."""

    def __init__(self, status: int, code: str, kind: str = "invalid_request_error") -> None:
        super().__init__(code)
        self.status, self.body = status, {"error": {"type": kind, "code": code, "message": f"secret words about {code}"}}


class StripeBook:
    """`things`: every object by its id."""

    livemode = False

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        #: Part of every id: two accounts have nothing in common.
        self._mark = secrets.token_hex(4)
        self._numbers = count(1)

    # What the API is asked for.

    def open_session(self, form: Thing) -> Thing:
        item = form["line_items"]["0"]
        price = item["price_data"]
        until = int(form.get("expires_at", self.now() + OPEN_SECONDS[1]))
        if not OPEN_SECONDS[0] - 5 <= until - self.now() <= OPEN_SECONDS[1] + 5:
            raise Refused(400, "parameter_invalid_integer")
        if int(price["unit_amount"]) < 50:
            raise Refused(400, "amount_too_small")
        monthly = form["mode"] == "subscription"
        assert monthly == ("recurring" in price), "a recurring price belongs to a subscription and to nothing else"
        assert price["currency"] == price["currency"].lower(), "currencies are sent in lower case"
        return self._new(
            "cs",
            "checkout.session",
            mode=form["mode"],
            status="open",
            payment_status="unpaid",
            amount_total=int(price["unit_amount"]) * int(item["quantity"]),
            currency=price["currency"],
            client_reference_id=form.get("client_reference_id"),
            metadata=form.get("metadata", {}),
            payment_intent=None,
            subscription=None,
            expires_at=until,
            success_url=form["success_url"],
            cancel_url=form["cancel_url"],
            _inner=form.get("subscription_data" if monthly else "payment_intent_data", {}).get("metadata", {}),
        )

    def close_session(self, id: str) -> Thing:
        if self.things[id]["status"] != "open":
            raise Refused(400, "resource_not_open")
        self.things[id].update(status="expired", url=None)
        return self.things[id]

    def shown(self, thing: Thing, expand: list[str]) -> Thing:
        """As an answer or a message shows it: references as ids unless they are asked for whole."""
        found = {key: copy.deepcopy(value) for key, value in thing.items() if not key.startswith("_")}
        for name in INCLUDABLE.get(thing["object"], ()):
            if name not in expand:
                found.pop(name)
        for name in expand:
            if name in found and isinstance(found[name], str):
                found[name] = self.shown(self.things[found[name]], [])
        return found

    def of_kind(self, kind: str, **fields: Any) -> list[Thing]:
        """Newest first, as lists are."""
        found = [thing for thing in self.things.values() if thing["object"] == kind]
        return [thing for thing in reversed(found) if all(thing.get(name) == value for name, value in fields.items())]

    # What buyers do.

    def pay(self, session_id: str, **altered: Any) -> list[Thing]:
        """By card, at once. *altered*: what the session then says otherwise, such as another amount."""
        session = self._complete(session_id, "succeeded", **{"payment_status": "paid", **altered})
        intent = self.things[session["payment_intent"]]
        return [self.message("payment_intent.succeeded", intent), self.message("checkout.session.completed", session)]

    def promise(self, session_id: str) -> list[Thing]:
        """By bank transfer: the page is complete, the money is on its way."""
        return [self.message("checkout.session.completed", self._complete(session_id, "processing", payment_status="unpaid"))]

    def keep_promise(self, session_id: str) -> list[Thing]:
        session = self.things[session_id]
        session["payment_status"] = "paid"
        self.things[session["payment_intent"]]["status"] = "succeeded"
        return [self.message("checkout.session.async_payment_succeeded", session)]

    def break_promise(self, session_id: str) -> list[Thing]:
        return [self.message("checkout.session.async_payment_failed", self.things[session_id])]

    def leave(self, session_id: str) -> list[Thing]:
        """Until the page expires."""
        return [self.message("checkout.session.expired", self.close_session(session_id))]

    # What we and banks do with a payment.

    def refund(self, intent_id: str, amount: int, *, status: str = "succeeded") -> list[Thing]:
        intent = self.things[intent_id]
        charge = self.things[intent["latest_charge"]]
        charge["amount_refunded"] += amount
        refund = self._new(
            "re",
            "refund",
            amount=amount,
            currency=intent["currency"],
            status=status,
            payment_intent=intent_id,
            charge=charge["id"],
            metadata={},
        )
        del refund["livemode"]
        return [self.message("refund.created", refund), self.message("charge.refunded", charge)]

    def fail_refund(self, refund_id: str) -> list[Thing]:
        refund = self.things[refund_id]
        refund["status"] = "failed"
        self.things[refund["charge"]]["amount_refunded"] -= refund["amount"]
        return [self.message("refund.updated", refund), self.message("refund.failed", refund)]

    def dispute(self, intent_id: str, amount: int, *, status: str = "needs_response") -> list[Thing]:
        intent = self.things[intent_id]
        charge = intent["latest_charge"]
        dispute = self._new(
            "dp", "dispute", amount=amount, currency=intent["currency"], status=status, payment_intent=intent_id, charge=charge
        )
        return [self.message("charge.dispute.created", dispute)]

    def close_dispute(self, dispute_id: str, status: str) -> list[Thing]:
        self.things[dispute_id]["status"] = status
        return [self.message("charge.dispute.closed", self.things[dispute_id])]

    # What happens to subscriptions.

    def begin(self, session_id: str, **altered: Any) -> list[Thing]:
        """The first period is paid."""
        session = self.things[session_id]
        subscription = self._new(
            "sub",
            "subscription",
            status="active",
            cancel_at_period_end=False,
            cancel_at=None,
            metadata=session["_inner"],
            _amount=session["amount_total"],
            _currency=session["currency"],
            _period_end=self.now(),
        )
        session.update(status="complete", payment_status="paid", subscription=subscription["id"], url=None)
        invoice = self._invoice(subscription, "subscription_create")
        self._settle(invoice, **altered)
        return [
            self.message("customer.subscription.created", subscription, status="incomplete"),
            self.message("checkout.session.completed", session),
            self.message("invoice.paid", invoice),
            self.message("customer.subscription.updated", subscription),
        ]

    def renew(self, subscription_id: str) -> list[Thing]:
        invoice = self._invoice(self.things[subscription_id], "subscription_cycle")
        self._settle(invoice)
        return [self.message("invoice.paid", invoice)]

    def fail_to_renew(self, subscription_id: str) -> list[Thing]:
        """The card is empty. The invoice stays open."""
        subscription = self.things[subscription_id]
        invoice = self._invoice(subscription, "subscription_cycle")
        subscription.update(status="past_due", _open=invoice["id"])
        return [self.message("invoice.payment_failed", invoice), self.message("customer.subscription.updated", subscription)]

    def make_up(self, subscription_id: str) -> list[Thing]:
        """The open invoice is paid after all."""
        subscription = self.things[subscription_id]
        subscription["status"] = "active"
        invoice = self.things[subscription["_open"]]
        self._settle(invoice)
        return [self.message("invoice.paid", invoice), self.message("customer.subscription.updated", subscription)]

    def end(self, subscription_id: str) -> list[Thing]:
        self.things[subscription_id]["status"] = "canceled"
        return [self.message("customer.subscription.deleted", self.things[subscription_id])]

    def message(self, type: str, thing: Thing, **as_it_was: Any) -> Thing:
        return {
            "id": f"evt_{self._mark}{next(self._numbers)}",
            "object": "event",
            "type": type,
            "api_version": "2024-06-20",
            "created": self.now(),
            "livemode": self.livemode,
            "data": {"object": self.shown(thing, []) | as_it_was},
        }

    def now(self) -> int:
        return int(time.time())

    def _complete(self, session_id: str, intent_status: str, **fields: Any) -> Thing:
        session = self.things[session_id]
        assert session["status"] == "open"
        money = {"amount": session["amount_total"], "currency": session["currency"]}
        intent = self._intent(intent_status, metadata=session["_inner"], **money)
        session.update(status="complete", payment_intent=intent["id"], url=None)
        session.update(fields)
        return session

    def _intent(self, status: str, *, amount: int, currency: str, metadata: Thing) -> Thing:
        intent = self._new("pi", "payment_intent", status=status, amount=amount, currency=currency, metadata=metadata)
        charge = self._new(
            "ch", "charge", amount=amount, amount_refunded=0, currency=currency, payment_intent=intent["id"], metadata=metadata
        )
        intent["latest_charge"] = charge["id"]
        return intent

    def _invoice(self, subscription: Thing, reason: str) -> Thing:
        start = subscription["_period_end"]
        subscription["_period_end"] = start + MONTH_SECONDS
        details = {"subscription": subscription["id"], "metadata": dict(subscription["metadata"])}
        line = {"id": "il_1", "period": {"start": start, "end": start + MONTH_SECONDS}, "amount": subscription["_amount"]}
        return self._new(
            "in",
            "invoice",
            status="open",
            billing_reason=reason,
            amount_due=subscription["_amount"],
            amount_paid=0,
            currency=subscription["_currency"],
            # An invoice's own period looks back.
            period_start=start - MONTH_SECONDS,
            period_end=start,
            parent={"type": "subscription_details", "subscription_details": details, "quote_details": None},
            lines={"object": "list", "data": [line], "has_more": False},
            payments={"object": "list", "data": []},
        )

    def _settle(self, invoice: Thing, **altered: Any) -> None:
        # The payment of an invoice carries no metadata of the subscription.
        intent = self._intent("succeeded", amount=invoice["amount_due"], currency=invoice["currency"], metadata={})
        payment = {"type": "payment_intent", "payment_intent": intent["id"]}
        row = self._new("inpay", "invoice_payment", invoice=invoice["id"], status="paid", payment=payment)
        invoice.update(status="paid", amount_paid=invoice["amount_due"])
        invoice["payments"]["data"].append(self.shown(row, []))
        invoice.update(altered)

    def _new(self, prefix: str, kind: str, **fields: Any) -> Thing:
        id = f"{prefix}_{'test_' if prefix == 'cs' else ''}{self._mark}{next(self._numbers)}"
        thing = {"id": id, "object": kind, "livemode": self.livemode, "created": self.now(), **fields}
        if prefix == "cs":
            thing["url"] = f"https://checkout.stripe.test/c/pay/{id}"
        self.things[id] = thing
        return thing
