"""Facts of an asset's stream."""

from uuid import UUID

from domain.kernel.facts import Fact, FirstFact


class AssetStored(FirstFact):
    """The bytes are in the object store under `object_key`, checked; `sha256` is hex."""

    TOPIC = "assets.stored"
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


class AssetRenamed(Fact):
    TOPIC = "assets.renamed"
    sealed_filename: str


class AssetDeleted(Fact):
    """The objects are removed by the sweeper after this fact."""

    TOPIC = "assets.deleted"
