"""The tables of balances and live grants, from the verifier's own ledger."""

from collections.abc import Sequence

from projections.audit.account_ledger import AccountLedger
from projections.audit.ledger import Ledger
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


def expected(ledger: Ledger, table: str, account_ids: Sequence[str]) -> list[Row]:
    """The rows of *table* for some accounts."""
    make = _balance if table == "read.balances_v2" else _grants
    return [row for account_id in account_ids for row in make(account_id, ledger.accounts[account_id])]


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
