"""Facts of an asset's stream."""

from datetime import datetime
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


class AssetShared(Fact):
    """Whoever has the link may fetch the bytes until `expires_at`; a link from before ends. `token_hash` is the token's SHA-256 (hex)."""

    TOPIC = "assets.shared"
    token_hash: str
    sealed_token: str
    expires_at: datetime


class AssetUnshared(Fact):
    """The link ends before its time."""

    TOPIC = "assets.unshared"


class AssetDeleted(Fact):
    """The objects are removed by the sweeper after this fact.

    `cause`: "upload_retention" or "result_retention" when the installation keeps it no longer; None: somebody asked.
    """

    TOPIC = "assets.deleted"
    cause: str | None = None
