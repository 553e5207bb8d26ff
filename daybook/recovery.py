"""`daybook recover`: what belongs to every restore, before anybody is served again. It may end anywhere and be begun again."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from daybook.bootstrap import Ground, ground
from daybook.notarial import notary_of, publishing_of
from daybook.schema import direct_url
from daybook.settings import Settings
from domain.accounts.account import Account
from domain.assets.storage import ObjectMissing
from domain.erasure.commands import RequestErasure
from domain.erasure.listed import PREFIX
from domain.kernel.commands import Context
from domain.kernel.ids import command_of_cause
from domain.notary.commands import RecordRestore
from domain.notary.notary import STREAM, Notary
from infra.erasure.erasures import PostgresErasures
from infra.postgres.restored import others_at_work, void
from projections.archive.whole import attach
from projections.kernel.reader import head_of
from projections.notary import checkpoints
from projections.notary.checkpoint import NoteInvalid, verified
from projections.notary.incarnations import Incarnation, begin, begun_after, number_in
from projections.notary.keys import public_keys
from projections.notary.notary import LogEmpty
from projections.notary.publishing import LATEST
from projections.notary.refusals import LogAltered, LogShrunk
from workers.erasure.eraser import Eraser

ROLE = "command"
ACTOR = "recover"


class OthersAtWork(Exception):
    """Processes of ours are connected: a restore is recovered from while nobody works on it."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"stop everything else first: {', '.join(names)} still use the database")


class Recovered(NamedTuple):
    """What was done. `incarnation` is the log's; `lost_from` None: nothing that was signed is lost."""

    incarnation: int
    lost_from: int | None
    leases: int
    erased: int
    #: The size of the checkpoint that was signed at the end; 0 for an empty log.
    sealed: int


async def recover(settings: Settings, told: Callable[[str], None] = lambda step: None) -> Recovered:
    """Raises OthersAtWork; NotaryRefuses when the log differs from its own checkpoints, which no restore explains; StoreUnavailable."""
    async with (
        ground(settings, ROLE) as base,
        await psycopg.AsyncConnection.connect(direct_url(settings), autocommit=True, application_name=f"daybook {ROLE}") as conn,
    ):
        attach(conn, base.archive)
        others = await others_at_work(base.reads)
        if others:
            raise OthersAtWork(others)
        told("comparing the log with its last checkpoint")
        lost_from = await _lost_from(base, conn)
        if lost_from is not None:
            await _begin(base, conn, lost_from)
        await _record(base, conn)
        told("voiding leases and sessions")
        leases = await void(base.reads)
        erased = await _erase_again(base, told)
        told("signing")
        return Recovered(await checkpoints.incarnation(conn), lost_from, len(leases), erased, await _sealed(base, conn))


async def _lost_from(base: Ground, conn: AsyncConnection[Any]) -> int | None:
    """The first position that was lost; None when the log goes on from everything that was signed.   Raises NotaryRefuses."""
    # Its own checkpoints first: where those differ, somebody changed the log, and that is no restore's doing.
    await notary_of(base).mend(conn)
    if await _signed_by_a_later_key(base, conn):
        return await head_of(conn) + 1
    try:
        await notary_of(base).now(conn)
    except LogEmpty:
        return 1 if await _remembered(base) else None
    except LogShrunk:
        return await head_of(conn) + 1
    except LogAltered:
        # The log went on after a restore without this: what is its own since then begins behind what it had signed.
        return await checkpoints.sealed_size(conn) + 1
    return None


async def _signed_by_a_later_key(base: Ground, conn: AsyncConnection[Any]) -> bool:
    """Whether the store's last checkpoint is none that this copy can check: the key may have been changed after it was made."""
    note = await _remembered(base)
    if note is None or number_in(note) < await checkpoints.incarnation(conn):
        return False
    try:
        verified(note, await public_keys(conn))
    except NoteInvalid:
        return True
    return False


async def _begin(base: Ground, conn: AsyncConnection[Any], lost_from: int) -> None:
    """The number after every one that was ever used, also of restores that this copy knows nothing of."""
    number = max(await checkpoints.incarnation(conn), number_in(await _remembered(base))) + 1
    await begin(conn, Incarnation(number, lost_from))


async def _record(base: Ground, conn: AsyncConnection[Any]) -> None:
    """Whatever incarnation began without the log saying so: also after an end between the two."""
    notary = await base.journal.load(Notary, STREAM)
    for found in await begun_after(conn, notary.incarnation if notary else 1):
        command = RecordRestore(lost_from=found.lost_from, incarnation=found.number)
        await base.journal.execute(command, _context(base, f"restored:{found.number}"))


async def _erase_again(base: Ground, told: Callable[[str], None]) -> int:
    """Everybody on the list whom this copy of the log does not know as erased."""
    erasures, erased = PostgresErasures(base.reads), 0
    eraser = Eraser(base, erasures, ACTOR)
    async for found in base.objects.list(PREFIX):
        account_id = UUID(found.key.removeprefix(PREFIX).removesuffix(".json"))
        account = await base.journal.load(Account, account_id)
        if account is None or account.status == "erased":
            continue
        told(f"erasing {account_id} again")
        again = _context(base, f"erase again:{account_id}:{account.version}")
        await base.journal.execute(RequestErasure(account_id=account_id, by="restore"), again)
        due = await erasures.of(account_id)
        assert due is not None, "it was just asked for"
        await eraser.erase(due)
        erased += 1
    return erased


async def _sealed(base: Ground, conn: AsyncConnection[Any]) -> int:
    """Sign what the log is now, so that the object store speaks of this incarnation."""
    with suppress(LogEmpty):
        sealed = await notary_of(base).now(conn)
        await publishing_of(base).publish()
        return sealed.size
    return 0


async def _remembered(base: Ground) -> str | None:
    """The last note in the object store, whoever signed it."""
    try:
        return (await base.objects.get(LATEST)).decode(errors="replace")
    except ObjectMissing:
        return None


def _context(base: Ground, cause: str) -> Context:
    return Context(actor=ACTOR, now=base.clock.now(), command_id=command_of_cause(cause))
