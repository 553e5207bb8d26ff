"""Each command of the notary: its stream, and one domain call."""

from collections.abc import Sequence
from datetime import datetime

from domain.kernel.commands import Command, Decision, Handler, Need, Streams
from domain.notary import commands
from domain.notary.notary import STREAM, Notary


def _needs(command: Command) -> Sequence[Need]:
    return [Need(Notary, STREAM)]


def _record_restore(command: commands.RecordRestore, streams: Streams, now: datetime) -> Decision:
    notary = Notary.among(streams, now=now)
    notary.restored(command.lost_from, incarnation=command.incarnation, now=now)
    return Decision(account_id=None, saved=[notary])


def _seal_balances(command: commands.SealBalances, streams: Streams, now: datetime) -> Decision:
    notary = Notary.among(streams, now=now)
    notary.seal(command, now=now)
    return Decision(account_id=None, saved=[notary])


HANDLERS: dict[type[Command], Handler] = {
    commands.RecordRestore: Handler(_needs, _record_restore),
    commands.SealBalances: Handler(_needs, _seal_balances),
}
