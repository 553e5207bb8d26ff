"""One stored result or upload."""

from datetime import datetime
from uuid import UUID

from domain.assets import events, refusals
from domain.generations.commands import NewAsset
from domain.kernel.commands import Streams
from domain.kernel.facts import Root, when

_STORED = (
    "account_id",
    "kind",
    "source",
    "generation_id",
    "content_type",
    "bytes",
    "sha256",
    "width",
    "height",
    "duration_ms",
    "object_key",
    "thumbnail_key",
    "sealed_filename",
)


class Asset(Root):
    TOPIC = "assets.asset"

    def __init__(self) -> None:
        self.deleted = False

    @classmethod
    def store(cls, new: NewAsset, *, account_id: UUID, source: str, generation_id: UUID | None, now: datetime) -> "Asset":
        values = {name: getattr(new, name) for name in _STORED if name not in ("account_id", "source", "generation_id")}
        asset: Asset = cls._create(
            events.AssetStored,
            id=new.asset_id,
            timestamp=now,
            account_id=account_id,
            source=source,
            generation_id=generation_id,
            **values,
        )
        return asset

    @classmethod
    def of(cls, streams: Streams, asset_id: UUID, account_id: UUID) -> "Asset":
        """The asset out of *streams*, if it belongs to *account_id*.   Raises AssetNotFound."""
        found = streams.get(cls, asset_id)
        if found is None or found.deleted or found.account_id != account_id:
            raise refusals.AssetNotFound()
        return found

    def rename(self, sealed_filename: str, *, now: datetime) -> None:
        self.record(events.AssetRenamed, now=now, sealed_filename=sealed_filename)

    def delete(self, *, now: datetime) -> None:
        self.record(events.AssetDeleted, now=now)

    @when(events.AssetStored)
    def _stored(self, fact: events.AssetStored) -> None:
        for name in _STORED:
            setattr(self, name, getattr(fact, name))

    @when(events.AssetRenamed)
    def _renamed(self, fact: events.AssetRenamed) -> None:
        self.sealed_filename = fact.sealed_filename

    @when(events.AssetDeleted)
    def _deleted(self, fact: events.AssetDeleted) -> None:
        self.deleted = True

    # Set from AssetStored.
    account_id: UUID
    kind: str
    source: str
    generation_id: UUID | None
    content_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    duration_ms: int | None
    object_key: str
    thumbnail_key: str | None
    sealed_filename: str
