"""Money that came and went: what an order or a subscription says was granted or taken is what the ledger did in the same command.

And over a stream: paid as it was placed, each payment once.
"""

from collections import Counter
from collections.abc import Sequence

from projections.audit.account_ledger import Fact
from projections.audit.entries import Entry, differs

#: Facts with a grant -> the field that says when it expires.
_GRANTING = {
    "orders.paid": "expires_at",
    "orders.reversal_undone": "expires_at",
    "subscriptions.period_paid": "period_end",
    "subscriptions.period_reversal_undone": "expires_at",
}
_TAKING = frozenset({"orders.paid", "orders.reversed", "subscriptions.period_reversed"})
_TAKEN = frozenset({"credits.debt_incurred", "credits.grant_revoked", "credits.revocation_deferred"})
_CAUSES = frozenset({"payment_disputed", "payment_refunded"})
_PAID = frozenset({"orders.paid", "subscriptions.period_paid"})


class Purchases:
    """`apply` sees each entry, `close` is called at the end of each command."""

    def __init__(self) -> None:
        self._said: list[tuple[Entry, Fact]] = []
        self._granted: dict[str, tuple[Entry, Fact]] = {}
        self._taken: Counter[str] = Counter()

    def apply(self, entry: Entry, fact: Fact) -> None:
        topic = entry.topic
        if topic in _GRANTING or topic in _TAKING:
            self._said.append((entry, fact))
        elif topic == "credits.granted":
            if fact["order_id"] is not None:
                self._granted[fact["grant_id"]] = entry, fact
        elif topic in _TAKEN and fact["cause"] in _CAUSES and not fact.get("deferred"):
            # What a hold still binds is promised now and taken later; it counts when it was promised.
            self._taken[fact["grant_id"]] += fact["amount"]

    def close(self, last: Entry) -> None:
        """Raises Differs."""
        for entry, fact in self._said:
            if entry.topic in _GRANTING:
                self._check_granted(entry, fact)
            if entry.topic in _TAKING:
                self._check_taken(entry, fact)
        for entry, _ in self._granted.values():
            differs(entry, "a grant of an order or a subscription that says nothing of it in this command")
        for grant_id, amount in self._taken.items():
            if amount:
                differs(last, f"credits of grant {grant_id} taken back for a payment that says something else", expected=0, found=amount)
        self._said.clear()
        self._taken.clear()

    def _check_granted(self, entry: Entry, fact: Fact) -> None:
        if fact["grant_id"] is None:
            if fact["credits"]:
                differs(entry, "credits without a grant", expected=0, found=fact["credits"])
            return
        granting, grant = self._granted.pop(fact["grant_id"], (entry, {}))
        expected = (fact["credits"], entry.stream, fact[_GRANTING[entry.topic]], entry.account_id)
        found = (grant.get("amount"), grant.get("order_id"), grant.get("expires_at"), granting.account_id)
        if expected != found:
            differs(entry, "the grant in the same command says something else", expected=expected, found=found)

    def _check_taken(self, entry: Entry, fact: Fact) -> None:
        said = fact["taken"] if "taken" in fact else [(fact["grant_id"], fact["revoked"])]
        for grant_id, amount in said:
            found = self._taken.pop(grant_id, 0)
            if found != amount:
                differs(entry, f"the ledger took another part of grant {grant_id}", expected=amount, found=found)


def check_purchase(stream: Sequence[tuple[Entry, Fact]]) -> None:
    """One order's or subscription's facts: money as it was asked for, each payment once.   Raises Differs."""
    asked: Fact = stream[0][1]
    payments: set[str | None] = set()
    for entry, fact in stream:
        if entry.topic not in _PAID:
            continue
        payment = fact.get("invoice")
        if payment in payments:
            differs(entry, "paid twice", found=payment)
        payments.add(payment)
        for name in ("amount", "currency", "credits"):
            if fact[name] != asked[name]:
                differs(entry, f"paid otherwise than asked for: {name}", expected=asked[name], found=fact[name])
