"""What an auditor checks without trusting us: signed checkpoints, the keys they are signed with, and proofs.

A proof is answered as the very bytes of its file, so what is saved can be given to a verifier as it is.
"""

from uuid import UUID

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.refusals import ValidationFailed
from api.shapes.audit_proofs import CheckpointsQuery, ConsistencyQuery, PublicKeys, shown_checkpoint, shown_key
from domain.kernel.limits import INTEGER_MAX
from projections.notary import checkpoints as signed
from projections.notary.balances import SALTS
from projections.notary.keys import all_keys
from projections.notary.proof_refusals import CheckpointNotFound, EntryNotFound
from projections.notary.prove import prove_balance, prove_consistency, prove_entry

JSON = "application/json"


async def checkpoints(call: Call, query: CheckpointsQuery) -> Answer:
    """Every signed tree head, oldest first."""
    after = call.after[0] if call.after else None
    async with call.platform.reads.connection() as connection:
        rows = await signed.page(connection, order=query.order, after=after, limit=query.limit + 1)
    more, rows = rows[query.limit :], rows[: query.limit]
    return call.page([shown_checkpoint(row) for row in rows], next_key=[rows[-1].size] if more else None)


async def latest_checkpoint(call: Call) -> Answer:
    """The last signed tree head. Keep it: only who remembers one can tell later that the log was not replaced."""
    async with call.platform.reads.connection() as connection:
        row = await signed.latest(connection)
    if row is None:
        raise CheckpointNotFound()
    return ok(shown_checkpoint(row))


async def consistency(call: Call, query: ConsistencyQuery) -> Answer:
    """That the log only grew between two checkpoints."""
    if query.to is not None and query.to < query.from_:
        raise ValidationFailed(reason="to is before from", errors=[("/to", "must not be less than from")])
    async with call.platform.reads.connection() as connection:
        return _file(await prove_consistency(connection, query.from_, query.to))


async def entry(call: Call, position: str) -> Answer:
    """That the event at a position is in the log, with all that it says."""
    if not (position.isascii() and position.isdecimal() and len(position) <= len(str(INTEGER_MAX))):
        raise EntryNotFound()
    async with call.platform.reads.connection() as connection:
        return _file(await prove_entry(connection, int(position)))


async def balance(call: Call, id: UUID) -> Answer:
    """What an account had when balances were sealed last."""
    secret = await call.platform.vault.standing(SALTS)
    async with call.platform.reads.connection() as connection:
        return _file(await prove_balance(connection, id, secret))


async def public_keys(call: Call) -> Answer:
    """Every key that has ever signed a checkpoint. Get them over another way, too, if you can: they are what you trust."""
    async with call.platform.reads.connection() as connection:
        keys = await all_keys(connection)
    return ok(PublicKeys(data=[shown_key(key) for key in keys], next_cursor=None))


def _file(data: bytes) -> Answer:
    return Answer(200, data, content_type=JSON)
