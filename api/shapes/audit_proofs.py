"""Checkpoints, keys and proofs as an auditor gets them. Hashes and signatures are base64, ids of keys are hex."""

from base64 import b64encode
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from api.kit.shapes import Count, Id, Moment, Query, Shown, moment
from api.shapes.audit import AuditPage, Position
from projections.notary.checkpoints import CheckpointRow
from projections.notary.keys import KeyRow

Hash = Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})]
Path = Annotated[list[Hash], Meta(description="The hashes from the leaf to the root (RFC 6962, 2.1.1).")]


class CheckpointsQuery(AuditPage):
    order: Literal["asc", "desc"] = "asc"


class ConsistencyQuery(Query):
    """The sizes of two checkpoints; without `to`, the last one."""

    from_: Position = field(name="from")
    to: Position | None = None


class Checkpoint(Shown):
    """A signed tree head: the log had `size` events. `note` is all of it, as C2SP has it."""

    size: Count
    origin: str
    root: Hash
    note: str
    signed_at: Moment


class PublicKey(Shown):
    """`vkey` is the line that verifiers take. A key that is retired still checks what it has signed."""

    name: str
    key_id: str
    vkey: str
    created_at: Moment
    retired_at: Moment | None


class PublicKeys(Shown):
    """Oldest first; the last one signs."""

    data: list[PublicKey]
    next_cursor: None


class SealedBalance(Shown):
    """The leaf of one account: its place among all accounts by id, and the salt that keeps its neighbours' balances secret."""

    account: Id
    available: int
    held: int
    owed: int
    index: Count
    salt: Hash


class EntryProof(Shown):
    """That an event is in the log of a checkpoint. Its leaf is made of all columns of `entry`."""

    format: Literal["daybook-proof/1"]
    type: Literal["entry"]
    checkpoint: str
    entry: dict[str, Any]
    path: Path


class BalanceProof(Shown):
    """That a balance is one of those sealed, and that the seal is in the log of a checkpoint."""

    format: Literal["daybook-proof/1"]
    type: Literal["balance"]
    checkpoint: str
    seal: dict[str, Any]
    seal_path: Path
    balance: SealedBalance
    path: Path


class ConsistencyProof(Shown):
    """That the log of one checkpoint begins with that of another (RFC 6962, 2.1.2)."""

    format: Literal["daybook-proof/1"]
    type: Literal["consistency"]
    from_: str = field(name="from")
    to: str
    path: Annotated[list[Hash], Meta(description="RFC 6962, 2.1.2.")]


def shown_checkpoint(row: CheckpointRow) -> Checkpoint:
    root = b64encode(row.root).decode()
    return Checkpoint(size=row.size, origin=row.origin, root=root, note=row.note, signed_at=moment(row.signed_at))


def shown_key(row: KeyRow) -> PublicKey:
    key = row.key
    return PublicKey(
        name=key.name, key_id=key.key_id.hex(), vkey=key.vkey, created_at=moment(row.created_at), retired_at=moment(row.retired_at)
    )
