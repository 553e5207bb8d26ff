"""Each command of an asset: its stream, and one domain call."""

from datetime import datetime

from domain.assets import commands
from domain.assets.asset import Asset, share_claim
from domain.kernel.commands import Command, Decision, Handler, Need, Streams


def _rename(command: commands.RenameAsset, streams: Streams, now: datetime) -> Decision:
    asset = Asset.of(streams, command.asset_id, command.account_id)
    asset.rename(command.sealed_filename, now=now)
    return Decision(account_id=command.account_id, saved=[asset])


def _delete(command: commands.DeleteAsset, streams: Streams, now: datetime) -> Decision:
    asset = Asset.of(streams, command.asset_id, command.account_id)
    asset.delete(cause=command.cause, now=now)
    return Decision(account_id=command.account_id, saved=[asset], freed=asset.claims)


def _store(command: commands.StoreUpload, streams: Streams, now: datetime) -> Decision:
    asset = Asset.store(command.asset, account_id=command.account_id, source="upload", generation_id=None, now=now)
    return Decision(account_id=command.account_id, saved=[asset], result={"asset_id": str(command.asset.asset_id)})


def _share(command: commands.ShareAsset, streams: Streams, now: datetime) -> Decision:
    asset = Asset.of(streams, command.asset_id, command.account_id)
    freed = asset.claims
    asset.share(token_hash=command.token_hash, sealed_token=command.sealed_token, expires_at=command.expires_at, now=now)
    taken = [(share_claim(command.token_hash), asset.id)]
    return Decision(account_id=command.account_id, saved=[asset], result={"asset_id": str(asset.id)}, taken=taken, freed=freed)


def _unshare(command: commands.UnshareAsset, streams: Streams, now: datetime) -> Decision:
    asset = Asset.of(streams, command.asset_id, command.account_id)
    freed = asset.claims
    asset.unshare(now=now)
    return Decision(account_id=command.account_id, saved=[asset], freed=freed)


HANDLERS: dict[type[Command], Handler] = {
    commands.DeleteAsset: Handler(lambda c: [Need(Asset, c.asset_id)], _delete),
    commands.RenameAsset: Handler(lambda c: [Need(Asset, c.asset_id)], _rename),
    commands.ShareAsset: Handler(lambda c: [Need(Asset, c.asset_id)], _share),
    commands.StoreUpload: Handler(lambda c: [], _store),
    commands.UnshareAsset: Handler(lambda c: [Need(Asset, c.asset_id)], _unshare),
}
