"""What can be asked of an asset."""

from datetime import datetime
from uuid import UUID

from domain.generations.commands import NewAsset
from domain.kernel.commands import Command


class RenameAsset(Command):
    asset_id: UUID
    account_id: UUID
    sealed_filename: str


class DeleteAsset(Command):
    """`cause`: see the fact."""

    asset_id: UUID
    account_id: UUID
    cause: str | None = None


class StoreUpload(Command):
    """The bytes are in the object store already. Result: {"asset_id"}."""

    account_id: UUID
    asset: NewAsset


class ShareAsset(Command):
    """Result: {"asset_id"}."""

    asset_id: UUID
    account_id: UUID
    token_hash: str
    sealed_token: str
    expires_at: datetime


class UnshareAsset(Command):
    asset_id: UUID
    account_id: UUID
