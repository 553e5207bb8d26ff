"""Each command of an asset: its stream, and one domain call."""

from datetime import datetime

from domain.assets import commands
from domain.assets.asset import Asset
from domain.kernel.commands import Command, Decision, Handler, Need, Streams


def _rename(command: commands.RenameAsset, streams: Streams, now: datetime) -> Decision:
    asset = Asset.of(streams, command.asset_id, command.account_id)
    asset.rename(command.sealed_filename, now=now)
    return Decision(account_id=command.account_id, saved=[asset])


def _delete(command: commands.DeleteAsset, streams: Streams, now: datetime) -> Decision:
    asset = Asset.of(streams, command.asset_id, command.account_id)
    asset.delete(now=now)
    return Decision(account_id=command.account_id, saved=[asset])


HANDLERS: dict[type[Command], Handler] = {
    commands.DeleteAsset: Handler(lambda c: [Need(Asset, c.asset_id)], _delete),
    commands.RenameAsset: Handler(lambda c: [Need(Asset, c.asset_id)], _rename),
}
