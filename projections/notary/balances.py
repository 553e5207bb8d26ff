"""The tree over the balances of all credit accounts as of a position, in the order of the accounts' ids.

What is sealed is summed from the log. Nothing of it is kept: a proof makes the tree again from the running balances of the
ledger entries, a row an account, and sums the log only when that does not lead to the root that was sealed.
Read in pages of accounts, so it takes little memory and short statements however many accounts there are.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import UndefinedTable

from projections.credits.past_balances import running_balances
from projections.notary.leaf import encoded
from projections.notary.tree import Growth, Node, hashed, inclusion, leaf_hash

#: The name of the secret that salts are made of. It outlives every change of the secret key, or old seals could not be proven.
SALTS = "balance salts"
PAGE_ACCOUNTS = 500
_FIRST = UUID(int=0)

# A page of accounts with what they had, by the index of accounts and positions; an account is one from its opening on.
PAGE = """
    SELECT account_id, coalesce(sum(available), 0)::bigint, coalesce(sum(held), 0)::bigint, coalesce(sum(owed), 0)::bigint
    FROM journal.events
    WHERE account_id > %(after)s AND position <= %(position)s AND (available IS NOT NULL OR topic = 'credits.account_opened')
    GROUP BY account_id ORDER BY account_id LIMIT %(limit)s
"""
# Only the index gives accounts in order without looking at all of them.
BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_hashagg = off; SET LOCAL enable_bitmapscan = off"


class Balance(NamedTuple):
    """What an account had, in whole credits."""

    account: UUID
    available: int
    held: int
    owed: int


class SealedBalances(NamedTuple):
    """The root of the tree, and of how many accounts it is made."""

    root: bytes
    accounts: int


class BalanceProof(NamedTuple):
    """A balance, its leaf's number, its salt, and the hashes from the leaf to the root of the seal."""

    balance: Balance
    number: int
    salt: bytes
    path: list[bytes]
    root: bytes


def salt_of(secret: bytes, account: UUID, position: int) -> bytes:
    """32 bytes that nobody can guess who does not have the secret, another for each account and seal."""
    return hmac.digest(secret, f"{account}:{position}".encode(), "sha256")


def leaf_of(balance: Balance, salt: bytes) -> bytes:
    """The hash of an account's leaf."""
    texts = [str(balance.account), str(balance.available), str(balance.held), str(balance.owed)]
    return leaf_hash(encoded([salt, *(text.encode() for text in texts)]))


#: Gives the rows of the next page: position, the account before it, how many.
Pages = Callable[[AsyncConnection[Any], int, UUID, int], Awaitable[list[tuple[Any, ...]]]]


async def sealed_balances(
    conn: AsyncConnection[Any], secret: bytes, position: int, progress: Callable[[int], None] = lambda done: None
) -> SealedBalances:
    """The tree over all balances as of *position*."""
    growth = Growth()
    async for balance in _balances(conn, _summed, position):
        growth.append(leaf_of(balance, salt_of(secret, balance.account, position)))
        if growth.size % PAGE_ACCOUNTS == 0:
            progress(growth.size)
    return SealedBalances(growth.root, growth.size)


async def balance_proof(conn: AsyncConnection[Any], secret: bytes, account: UUID, position: int, *, sealed: bytes) -> BalanceProof | None:
    """The proof of one account's balance as of *position*, under the root that was *sealed* if the log has not been altered.

    None when it had no credit account then.
    """
    root, proof = await _proof(conn, _running, secret, account, position)
    if root != sealed:
        root, proof = await _proof(conn, _summed, secret, account, position)
    return proof


async def _proof(
    conn: AsyncConnection[Any], pages: Pages, secret: bytes, account: UUID, position: int
) -> tuple[bytes, BalanceProof | None]:
    """The root over all balances, and the proof of one."""
    growth, known = Growth(), dict[Node, bytes]()
    found: Balance | None = None
    index = -1
    async for balance in _balances(conn, pages, position):
        if balance.account == account:
            # What stands left of it is complete now; what comes right of it is seen below.
            found, index, known = balance, growth.size, growth.peaks()
        complete = growth.append(leaf_of(balance, salt_of(secret, balance.account, position)))
        if found is not None:
            known.update((node, digest) for node, digest in complete if node.number == (index >> node.level) ^ 1)
    if found is None:
        return growth.root, None
    known |= growth.peaks()
    path = hashed(inclusion(index, growth.size), known)
    return growth.root, BalanceProof(found, index, salt_of(secret, account, position), path, growth.root)


async def _balances(conn: AsyncConnection[Any], pages: Pages, position: int) -> AsyncIterator[Balance]:
    """All credit accounts as of *position*, ordered by id."""
    # The index begins beyond the least id there is; nobody has that one.
    after, count = _FIRST, PAGE_ACCOUNTS
    while count == PAGE_ACCOUNTS:
        page = await pages(conn, position, after, PAGE_ACCOUNTS)
        count = len(page)
        for row in page:
            yield Balance(*row)
        after = page[-1][0] if page else after


async def _summed(conn: AsyncConnection[Any], position: int, after: UUID, limit: int) -> list[tuple[Any, ...]]:
    async with conn.transaction():
        await conn.execute(BY_INDEX)
        cursor = await conn.execute(PAGE, {"after": after, "position": position, "limit": limit}, prepare=False)
        return await cursor.fetchall()


async def _running(conn: AsyncConnection[Any], position: int, after: UUID, limit: int) -> list[tuple[Any, ...]]:
    """Nothing where no read model was made yet."""
    try:
        return await running_balances(conn, position=position, after=after, limit=limit)
    except UndefinedTable:
        return []
