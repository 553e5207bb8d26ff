"""Single resources: from the read model, or folded from their streams while it is behind, so that a Location is never 404."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.kit.call import Call
from api.shapes.generations import Generation, shown_generation
from domain.accounts.account import Account
from domain.accounts.refusals import AccountNotFound
from domain.assets.asset import Asset
from domain.assets.refusals import AssetNotFound
from domain.generations.generation import Generation as Stream
from domain.generations.refusals import GenerationNotFound
from projections.accounts.accounts import AccountRow, account_of
from projections.accounts.accounts import row_of as account_row
from projections.assets.assets import AssetRow, asset_of, assets_of
from projections.assets.assets import row_of as asset_row
from projections.generations.generations import GenerationRow, generation_of


async def read_account(call: Call, account_id: UUID) -> AccountRow:
    """Raises AccountNotFound."""
    if not call.behind:
        async with call.platform.reads.connection() as connection:
            found = await account_of(connection, account_id)
        if found is not None:
            return found
    account = await call.platform.journal.load(Account, account_id)
    if account is None:
        raise AccountNotFound()
    return account_row(account)


async def read_asset(call: Call, asset_id: UUID) -> AssetRow:
    """The caller's own.   Raises AssetNotFound."""
    if not call.behind:
        async with call.platform.reads.connection() as connection:
            found = await asset_of(connection, call.account_id, asset_id)
        if found is not None:
            return found
    asset = await call.platform.journal.load(Asset, asset_id)
    if asset is None or asset.deleted or asset.account_id != call.account_id:
        raise AssetNotFound()
    return asset_row(asset)


async def read_generation(call: Call, generation_id: UUID) -> Generation:
    """The caller's own, as it is shown.   Raises GenerationNotFound."""
    if not call.behind:
        async with call.platform.reads.connection() as connection:
            found = await generation_of(connection, call.account_id, generation_id)
            assets = await assets_of(connection, found.asset_ids) if found is not None else {}
        if found is not None:
            return await shown(call, found, assets)
    return await folded_generation(call, generation_id)


async def folded_generation(call: Call, generation_id: UUID, *, until: int | None = None) -> Generation:
    """The caller's own, folded from the log: as of now, or of position *until*.   Raises GenerationNotFound, Erased."""
    key = await call.platform.vault.key(call.account_id)
    just_made = None if until is None else call.platform.journal.seen(Stream, generation_id, at=until)
    if just_made is not None and not just_made.asset_ids:
        # It is the writer's own and may change, so nothing is waited for before it is shown.
        return shown_generation(call, key, _own(call, just_made), {})
    stream = await own_generation(call, generation_id, until=until)
    return shown_generation(call, key, stream, await _folded_assets(call, stream.asset_ids, until=until))


async def own_generation(call: Call, generation_id: UUID, *, until: int | None = None) -> Stream:
    """Raises GenerationNotFound."""
    return _own(call, await call.platform.journal.load(Stream, generation_id, until=until))


def _own(call: Call, stream: Stream | None) -> Stream:
    if stream is None or stream.deleted or stream.account_id.int != call.account_id.int:
        raise GenerationNotFound()
    return stream


async def shown(call: Call, row: GenerationRow, assets: Mapping[UUID, AssetRow]) -> Generation:
    return shown_generation(call, await call.platform.vault.key(row.account_id), row, assets)


async def _folded_assets(call: Call, asset_ids: Sequence[UUID], *, until: int | None) -> dict[UUID, AssetRow]:
    found = [await call.platform.journal.load(Asset, asset_id, until=until) for asset_id in asset_ids]
    return {asset.id: asset_row(asset) for asset in found if asset is not None and not asset.deleted}
