"""Proofs as files: what anyone needs, beside the public keys, to check an entry, a balance or that the log only grew.

Each is one canonical JSON object and a line break (`daybook-proof/1`). It is checked here before it is given away: a log that
was altered after it was signed gives no proofs, and says so.
"""

from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.notary.events import BalancesSealed
from domain.notary.notary import STREAM
from projections.kernel.reader import head_of
from projections.notary import checkpoints
from projections.notary.balances import balance_proof
from projections.notary.checkpoints import CheckpointRow
from projections.notary.leaf import Row, canonical, event_object, leaf, rows
from projections.notary.nodes import NodesLost, hashes_of
from projections.notary.proof_refusals import (
    AccountNotSealed,
    BalancesNotSealed,
    CheckpointNotFound,
    EntryNotFound,
    NotYetNotarised,
    SealedLogDiffers,
    TreeIncomplete,
)
from projections.notary.tree import Span, consistency, extends, inclusion, root_of_inclusion

FORMAT = "daybook-proof/1"
RETRY_AFTER_SECONDS = 10

# The newest seal that a checkpoint covers; the notary's stream is short, and read from its end.
SEAL = """
    SELECT position, convert_from(state, 'UTF8')::json FROM journal.events
    WHERE stream = %(stream)s AND topic = %(topic)s AND position <= %(size)s ORDER BY version DESC LIMIT 1
"""


async def prove_entry(conn: AsyncConnection[Any], position: int) -> bytes:
    """That the event at *position* is in the log of the last checkpoint.

    Raises EntryNotFound, NotYetNotarised, TreeIncomplete, SealedLogDiffers.
    """
    last = await checkpoints.latest(conn)
    if last is None or position > last.size or position < 1:
        raise await _why_not(conn, position)
    row, path = await _included(conn, position, last)
    return _file(type="entry", checkpoint=last.note, entry=event_object(row), path=_texts(path))


async def prove_balance(conn: AsyncConnection[Any], account: UUID, secret: bytes) -> bytes:
    """What *account* had when balances were sealed last; *secret* is the one that salts are made of.

    Raises BalancesNotSealed, AccountNotSealed, TreeIncomplete, SealedLogDiffers.
    """
    last = await checkpoints.latest(conn)
    size = last.size if last is not None else 0
    found = await (await conn.execute(SEAL, {"stream": STREAM, "topic": BalancesSealed.TOPIC, "size": size})).fetchone()
    if found is None or last is None:
        raise BalancesNotSealed
    position, seal = found
    proof = await balance_proof(conn, secret, account, seal["position"], sealed=b64decode(seal["root"]))
    if proof is None:
        raise AccountNotSealed(position=seal["position"])
    if b64encode(proof.root).decode() != seal["root"]:
        raise SealedLogDiffers(what=f"The balances as of position {seal['position']} are not those of the seal at position {position}")
    row, seal_path = await _included(conn, position, last)
    balance = {
        "account": str(account),
        "available": proof.balance.available,
        "held": proof.balance.held,
        "owed": proof.balance.owed,
        "index": proof.number,
        "salt": b64encode(proof.salt).decode(),
    }
    parts = {"seal": event_object(row), "seal_path": _texts(seal_path), "balance": balance, "path": _texts(proof.path)}
    return _file(type="balance", checkpoint=last.note, **parts)


async def prove_consistency(conn: AsyncConnection[Any], old: int, new: int | None) -> bytes:
    """That the checkpoint of size *new* (None: the last one) extends that of size *old*.

    Raises CheckpointNotFound, TreeIncomplete, SealedLogDiffers; ValueError when *new* is the smaller one.
    """
    before = await _checkpoint(conn, old)
    after = await _checkpoint(conn, new)
    path = await _hashes(conn, consistency(before.size, after.size))
    if not extends(before.size, after.size, old_root=before.root, new_root=after.root, path=path):
        raise SealedLogDiffers(what=f"The tree no longer leads from checkpoint {before.size} to checkpoint {after.size}")
    return canonical({"format": FORMAT, "type": "consistency", "from": before.note, "to": after.note, "path": _texts(path)}) + b"\n"


async def _included(conn: AsyncConnection[Any], position: int, last: CheckpointRow) -> tuple[Row, list[bytes]]:
    """The row at *position*, and its audit path."""
    path = await _hashes(conn, inclusion(position - 1, last.size))
    found = await rows(conn, after=position - 1, upto=position)
    if not found or root_of_inclusion(position - 1, last.size, leaf(found[0]), path) != last.root:
        raise SealedLogDiffers(what=f"Position {position} no longer leads to the root of checkpoint {last.size}")
    return found[0], path


async def _checkpoint(conn: AsyncConnection[Any], size: int | None) -> CheckpointRow:
    found = await checkpoints.latest(conn) if size is None else await checkpoints.of_size(conn, size)
    if found is None:
        raise CheckpointNotFound
    return found


async def _hashes(conn: AsyncConnection[Any], spans: list[Span]) -> list[bytes]:
    try:
        return await hashes_of(conn, spans)
    except NodesLost as error:
        raise TreeIncomplete(retry_after=RETRY_AFTER_SECONDS) from error


async def _why_not(conn: AsyncConnection[Any], position: int) -> Exception:
    """It does not exist, or it is too young."""
    if not 1 <= position <= await head_of(conn):
        return EntryNotFound()
    return NotYetNotarised(position=position, retry_after=RETRY_AFTER_SECONDS)


def _texts(hashes: list[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]


def _file(**parts: Any) -> bytes:
    return canonical({"format": FORMAT, **parts}) + b"\n"
