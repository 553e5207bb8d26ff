"""The table of live API tokens, from the accounts' streams."""

from collections.abc import Sequence

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.api_tokens_v1"
KEY = ("account_id", "id")
ROWS = "SELECT * FROM read.api_tokens_v1 WHERE account_id BETWEEN %(low)s AND %(high)s"


def expected(entries: Sequence[Entry]) -> list[Row]:
    """The live tokens of one account's stream."""
    tokens: dict[str, Row] = {}
    for entry in entries:
        if entry.topic == "accounts.api_token_issued":
            fact = entry.fact()
            tokens[fact["token_id"]] = {
                "id": fact["token_id"],
                "account_id": entry.stream,
                "sealed_name": fact["sealed_name"],
                "scopes": fact["scopes"],
                "expires_at": time_of(fact["expires_at"]),
                "created_at": time_of(fact["timestamp"]),
                "created_position": entry.position,
            }
        elif entry.topic == "accounts.api_token_revoked":
            tokens.pop(entry.fact()["token_id"], None)
        elif entry.topic == "accounts.erasure_requested":
            tokens.clear()
    return list(tokens.values())
