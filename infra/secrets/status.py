"""Which secret key everything hangs on: whether the previous one can be dropped."""

from typing import Any, NamedTuple

from domain.ports import Connections

# The notary's keys move when it signs next; a retired one has no private half any more.
HANGING = """
    SELECT what, secret_key, count(*) FROM (
        SELECT 'key epochs' AS what, secret_key FROM vault.epochs WHERE destroyed_at IS NULL
        UNION ALL SELECT 'standing keys', epoch FROM vault.standing_keys
        UNION ALL SELECT 'notary keys', epoch FROM proofs.keys WHERE wrapped IS NOT NULL
        UNION ALL SELECT 'subject keys without an epoch', k.epoch FROM vault.subject_keys k
            WHERE k.wrapped IS NOT NULL AND NOT EXISTS (SELECT FROM vault.epochs e WHERE e.epoch = k.epoch)
    ) every GROUP BY what, secret_key ORDER BY what, secret_key
"""
EPOCHS = """
    SELECT e.epoch, e.created_at, e.emptied_at, e.destroyed_at,
           (SELECT count(*) FROM vault.subject_keys k WHERE k.epoch = e.epoch AND k.wrapped IS NOT NULL)
    FROM vault.epochs e ORDER BY e.number
"""


class Hanging(NamedTuple):
    """So many keys of a kind hang on one secret key, named by its id."""

    what: str
    secret_key: str
    keys: int


class SecretsStatus(NamedTuple):
    current: str
    hanging: list[Hanging]
    #: epoch, begun, emptied, destroyed, living subject keys
    epochs: list[tuple[Any, ...]]

    @property
    def behind(self) -> int:
        """Keys that need another secret key than the current one."""
        return sum(each.keys for each in self.hanging if each.secret_key != self.current)


async def status_of(connections: Connections, current: str) -> SecretsStatus:
    async with connections.connection() as connection:
        hanging = [Hanging(*row) for row in await (await connection.execute(HANGING)).fetchall()]
        epochs = list(await (await connection.execute(EPOCHS)).fetchall())
    return SecretsStatus(current, hanging, epochs)
