"""One account's book as the verifier holds it: balances, live grants and open holds, nothing closed.

So the memory per account is that of its live grants and open holds, however long its history.
"""

from typing import Any

Fact = dict[str, Any]


class Grant:
    """What is left of a grant."""

    __slots__ = ("expires_at", "free", "held", "position", "priority", "revoking", "source")

    def __init__(self, fact: Fact, position: int) -> None:
        self.free: int = fact["amount"]
        self.held = 0
        self.revoking = 0
        self.source: str = fact["source"]
        self.priority: int = fact["priority"]
        self.expires_at: str | None = fact["expires_at"]
        self.position = position


class Hold:
    """An open hold: which grants it binds."""

    __slots__ = ("amount", "kind", "parts")

    def __init__(self, fact: Fact) -> None:
        self.amount: int = fact["amount"]
        self.kind: str = fact["kind"]
        self.parts: dict[str, int] = dict(fact["parts"])


class AccountLedger:
    """One account's book."""

    __slots__ = (
        "available", "expired", "granted", "grants", "held", "holds", "owed", "position", "refunded", "revoked", "spent", "stream",
        "suspended",
    )  # fmt: skip

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.available = self.held = self.owed = self.granted = self.spent = self.refunded = self.expired = self.revoked = 0
        self.position = 0
        self.suspended = False
        self.grants: dict[str, Grant] = {}
        self.holds: dict[str, Hold] = {}
