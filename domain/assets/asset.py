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
        #: What a public link is found by and shown as; None: not shared.
        self.share_token_hash: str | None = None
        self.sealed_share_token: str | None = None
        self.share_expires_at: datetime | None = None

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

    def delete(self, *, cause: str | None = None, now: datetime) -> None:
        self.record(events.AssetDeleted, now=now, cause=cause)

    def share(self, *, token_hash: str, sealed_token: str, expires_at: datetime, now: datetime) -> None:
        """A new link; one from before ends."""
        self.record(events.AssetShared, now=now, token_hash=token_hash, sealed_token=sealed_token, expires_at=expires_at)

    def unshare(self, *, now: datetime) -> None:
        """Without a link nothing happens."""
        if self.share_token_hash is not None:
            self.record(events.AssetUnshared, now=now)

    def shared_by(self, token_hash: str, *, now: datetime) -> bool:
        """Does the link with this token work *now*?"""
        alive = self.share_expires_at is not None and now < self.share_expires_at and not self.deleted
        return alive and self.share_token_hash == token_hash

    @property
    def claims(self) -> list[str]:
        """The unique claims it holds: the way from a link's token to this stream."""
        return [] if self.share_token_hash is None else [share_claim(self.share_token_hash)]

    @when(events.AssetStored)
    def _stored(self, fact: events.AssetStored) -> None:
        for name in _STORED:
            setattr(self, name, getattr(fact, name))

    @when(events.AssetRenamed)
    def _renamed(self, fact: events.AssetRenamed) -> None:
        self.sealed_filename = fact.sealed_filename

    @when(events.AssetShared)
    def _shared(self, fact: events.AssetShared) -> None:
        self.share_token_hash = fact.token_hash
        self.sealed_share_token = fact.sealed_token
        self.share_expires_at = fact.expires_at

    @when(events.AssetUnshared)
    def _unshared(self, fact: events.AssetUnshared) -> None:
        self.share_token_hash = self.sealed_share_token = self.share_expires_at = None

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


def share_claim(token_hash: str) -> str:
    """The unique claim by which a public link is found."""
    return f"share:{token_hash}"
