"""What an asset refuses."""

from domain.kernel.limits import RENDITION_WIDTH_MAX, UPLOAD_BYTES_MAX, UPLOADS_AT_ONCE_MAX
from domain.kernel.refusals import Conflicting, Malformed, Missing, Throttled, TooLarge, Unprocessable


class AssetNotFound(Missing):
    detail = "There is no such asset."


class ThumbnailMissing(Missing):
    detail = "This asset has no thumbnail."


class ShareNotFound(Missing):
    """There never was such a link, it has expired, or it was ended."""

    detail = "This link does not work, or no longer."


class RenditionRefused(Unprocessable):
    """Only images have renditions."""

    detail = f"Only images can be asked for in another width (up to {RENDITION_WIDTH_MAX}) or format."


class UploadMalformed(Malformed):
    """The body is not the form that its `Content-Type` says, or it ends too early."""

    detail = "The upload cannot be read: {reason}."


class UploadTooLarge(TooLarge):
    """The file is over its limit."""

    detail = f"A file may have at most {UPLOAD_BYTES_MAX} bytes."


class UploadsAtOnce(Throttled):
    """So many uploads of one account are under way that another has to wait."""

    detail = f"At most {UPLOADS_AT_ONCE_MAX} uploads of an account may be under way at once."


class UploadQuotaReached(Conflicting):
    """The account's uploads would be more than it may keep. Delete some."""

    detail = "Your uploads have {stored} bytes; with {asked} more they would pass the {allowed} bytes that an account may keep."
    shown = ("allowed", "asked", "stored")
