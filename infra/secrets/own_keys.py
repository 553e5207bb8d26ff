"""The callers' own provider keys, at rest: each sealed under its account's data key and bound to account, provider and key id.

So they hang on the data keys, like everything else that people wrote: a change of the secret key or of the epoch leaves them as
they are, and the end of the data key is theirs too.
"""

from collections.abc import Sequence
from uuid import UUID

from domain.access.refusals import Erased
from domain.kernel.ids import provider_keys_stream
from domain.ports import Connections, Journal, Vault
from domain.provider_keys.provider_keys import ProviderKeys

# Only while the data key lives: after an erasure nothing can be left behind by a process that still remembers it.
KEEP = """
    INSERT INTO vault.provider_keys (key_id, account_id, provider, sealed)
    SELECT %(key_id)s, k.account_id, %(provider)s, %(sealed)s FROM vault.subject_keys k
    WHERE k.account_id = %(account_id)s AND k.wrapped IS NOT NULL FOR SHARE
    RETURNING 1
"""
FIND = "SELECT sealed FROM vault.provider_keys WHERE key_id = %(key_id)s"
# A key that no fact names after an hour was left by a process that was stopped in between.
DROP = """
    DELETE FROM vault.provider_keys
    WHERE account_id = %(account_id)s
      AND (key_id = ANY(%(gone)s) OR (NOT key_id = ANY(%(named)s) AND created_at < now() - interval '1 hour'))
"""
# Accounts with keys from before that hour, one page after the other.
OLD = """
    SELECT DISTINCT account_id FROM vault.provider_keys
    WHERE created_at < now() - interval '1 hour' AND account_id > %(after)s ORDER BY account_id LIMIT %(limit)s
"""
PAGE = 500


class PostgresOwnKeys:
    """Implements `domain.provider_keys.ports.OwnKeys`."""

    def __init__(self, connections: Connections, journal: Journal, vault: Vault) -> None:
        self._connections = connections
        self._journal = journal
        self._vault = vault

    async def keep(self, account_id: UUID, provider: str, key_id: UUID, api_key: str) -> None:
        data_key = await self._vault.key(account_id)
        sealed = data_key.seal(api_key, about=_about(provider, key_id))
        values = {"key_id": key_id, "account_id": account_id, "provider": provider, "sealed": sealed}
        async with self._connections.connection() as connection:
            row = await (await connection.execute(KEEP, values)).fetchone()
        if row is None:
            raise Erased()

    async def key(self, account_id: UUID, provider: str) -> str | None:
        keys = await self._journal.load(ProviderKeys, provider_keys_stream(account_id))
        key_id = None if keys is None else keys.key_id(provider)
        if key_id is None:
            return None
        async with self._connections.connection() as connection:
            row = await (await connection.execute(FIND, {"key_id": key_id})).fetchone()
        if row is None:
            return None
        # Who owns it and what it is for is taken from the log, never from the row: one that was moved does not open.
        return (await self._vault.key(account_id)).open(row[0], about=_about(provider, key_id))

    async def drop(self, account_id: UUID, key_ids: Sequence[UUID]) -> None:
        keys = await self._journal.load(ProviderKeys, provider_keys_stream(account_id))
        named = [] if keys is None else [kept["key_id"] for kept in keys.keys.values()]
        async with self._connections.connection() as connection:
            await connection.execute(DROP, {"account_id": account_id, "gone": list(key_ids), "named": named})

    async def sweep(self) -> int:
        after, seen = UUID(int=0), 0
        while True:
            async with self._connections.connection() as connection:
                rows = await (await connection.execute(OLD, {"after": after, "limit": PAGE})).fetchall()
            for (account_id,) in rows:
                await self.drop(account_id, ())
            seen += len(rows)
            if len(rows) < PAGE:
                return seen
            after = rows[-1][0]


def _about(provider: str, key_id: UUID) -> str:
    """Bound in beside the account."""
    return f"provider key {provider} {key_id}"
