"""The tables of balances and live grants, from the verifier's own ledger."""

from collections.abc import Sequence

from projections.audit.entries import Entry
from projections.audit.ledger import AccountLedger, Fact, Ledger
from projections.audit.recomputed.rows import Row, time_of

NAME = "balances"
TABLES = {
    "read.balances_v2": (
        ("account_id",),
        "SELECT * FROM read.balances_v2 WHERE account_id BETWEEN %(low)s AND %(high)s",
    ),
    "read.balance_grants_v2": (
        ("account_id", "id"),
        "SELECT * FROM read.balance_grants_v2 WHERE account_id BETWEEN %(low)s AND %(high)s",
    ),
}


class Balances:
    """The ledger as of the model's own position, which may be behind the log's."""

    name = NAME
    tables = TABLES

    def __init__(self) -> None:
        self.position = 0
        self._ledger = Ledger()
        self.unknown: list[tuple[Entry, Fact]] = []

    def apply(self, entry: Entry, fact: Fact) -> None:
        self._ledger.apply(entry, fact)
        self.position = entry.position

    def resolve(self, entry: Entry, fact: Fact, first: Entry) -> None:
        """Nothing of the ledger needs another stream."""

    def accounts(self) -> Sequence[str]:
        return sorted(self._ledger.accounts)

    def expected(self, table: str, account_ids: Sequence[str]) -> list[Row]:
        make = _balance if table == "read.balances_v2" else _grants
        return [row for account_id in account_ids for row in make(account_id, self._ledger.accounts[account_id])]


def _balance(account_id: str, account: AccountLedger) -> list[Row]:
    names = ("available", "held", "owed", "granted", "spent", "refunded", "expired", "revoked", "position")
    return [{"account_id": account_id, **{name: getattr(account, name) for name in names}}]


def _grants(account_id: str, account: AccountLedger) -> list[Row]:
    return [
        {
            "id": grant_id,
            "account_id": account_id,
            "source": grant.source,
            "priority": grant.priority,
            "expires_at": time_of(grant.expires_at),
            "free": grant.free,
            "held": grant.held,
            "created_position": grant.position,
        }
        for grant_id, grant in account.grants.items()
        if grant.free or grant.held
    ]
