"""What an asset refuses."""

from domain.kernel.refusals import Missing


class AssetNotFound(Missing):
    detail = "There is no such asset."


class ThumbnailMissing(Missing):
    detail = "This asset has no thumbnail."
