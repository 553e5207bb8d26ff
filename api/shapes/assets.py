"""An asset as clients see it."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Query, Showing, Shown, moment
from domain.kernel.limits import FILENAME_CHARS_MAX, RENDITION_WIDTH_MAX, SHARE_SECONDS_DEFAULT, SHARE_SECONDS_MAX, SHARE_SECONDS_MIN
from domain.kernel.patterns import END
from domain.ports import SubjectKey
from projections.assets.assets import AssetRow

#: No path, one line without tabs (other control characters are refused everywhere), not blank.
Filename = Annotated[str, Meta(min_length=1, max_length=FILENAME_CHARS_MAX, pattern=r"^[^/\\\t\r\n]*[^/\\\s][^/\\\t\r\n]*" + END)]


class Share(Shown):
    """A public link: whoever has it may fetch the bytes until `expires_at`."""

    url: str
    expires_at: Moment


class Asset(Shown):
    """A stored result or upload. `share` is its public link, until that is ended.

    `content_url` and `thumbnail_url` answer with a link that works for ten minutes.
    """

    id: Id
    kind: str
    source: str
    generation_id: Id | None
    filename: str
    content_type: str
    bytes: Count
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    width: int | None
    height: int | None
    duration_ms: int | None
    created_at: Moment
    share: Share | None
    url: str
    content_url: str
    thumbnail_url: str | None


class UploadFields(Body):
    """What a form has beside its file."""

    filename: Filename


class ShareBody(Body):
    """`expires_in`: seconds until the link ends."""

    expires_in: Annotated[int, Meta(ge=SHARE_SECONDS_MIN, le=SHARE_SECONDS_MAX)] = SHARE_SECONDS_DEFAULT


class AssetPatch(Body):
    filename: Filename | UnsetType = UNSET


class AssetQuery(ListQuery):
    """`kind` and `source` may be given more than once: either."""

    kind: list[str] = []
    source: list[Literal["generation", "upload"]] = []


class ThumbnailQuery(Query):
    """`redirect=false` answers with the link instead of going there."""

    redirect: bool = True


class ContentQuery(ThumbnailQuery):
    """`width` and `format` of an image; it is never made wider than it is."""

    width: Annotated[int, Meta(ge=1, le=RENDITION_WIDTH_MAX)] | None = None
    format: Literal["jpeg", "png", "webp"] | None = None


class ContentLink(Shown):
    """A signed link to the bytes themselves."""

    url: str
    expires_at: Moment


#: The form of an upload, for the documents.
UPLOAD_FORM = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "filename": {"type": "string", "minLength": 1, "maxLength": FILENAME_CHARS_MAX},
    },
}


def shown_asset(call: Showing, key: SubjectKey, row: AssetRow) -> Asset:
    """*row* for its owner, whose key opens the file name."""
    url = f"{call.public_url}/v1/assets/{row.id}"
    return Asset(
        id=str(row.id),
        kind=row.kind,
        source=row.source,
        generation_id=None if row.generation_id is None else str(row.generation_id),
        filename=key.open(row.sealed_filename),
        content_type=row.content_type,
        bytes=row.bytes,
        sha256=row.sha256,
        width=row.width,
        height=row.height,
        duration_ms=row.duration_ms,
        created_at=moment(row.created_at),
        share=_share(call, key, row),
        url=url,
        content_url=f"{url}/content",
        thumbnail_url=f"{url}/thumbnail" if row.thumbnail_key is not None else None,
    )


def shared_url(call: Showing, token: str) -> str:
    """The public link that *token* opens."""
    return f"{call.public_url}/v1/shared/{token}"


def _share(call: Showing, key: SubjectKey, row: AssetRow) -> Share | None:
    if row.sealed_share_token is None or row.share_expires_at is None:
        return None
    return Share(url=shared_url(call, key.open(row.sealed_share_token)), expires_at=moment(row.share_expires_at))
