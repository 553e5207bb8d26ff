"""What is known of a stored file, and why bytes are not taken for one."""

import builtins
from typing import Any

import msgspec

from domain.kernel.refusals import Unprocessable

#: What uploads may be, and what providers may give: content type -> kind of asset, and the ending of its name.
CONTENT_TYPES = {
    "audio/mpeg": ("audio", "mp3"),
    "audio/ogg": ("audio", "ogg"),
    "audio/wav": ("audio", "wav"),
    "image/gif": ("image", "gif"),
    "image/jpeg": ("image", "jpg"),
    "image/png": ("image", "png"),
    "image/webp": ("image", "webp"),
    "video/mp4": ("video", "mp4"),
    "video/webm": ("video", "webm"),
}
THUMBNAIL_TYPE = "image/webp"
#: Formats of renditions -> their content type.
RENDITION_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
FAULTS: dict[str, str] = {
    "animated": "The image is animated; of moving images only GIF is stored.",
    "broken": "The file cannot be decoded.",
    "crashed": "The file made its decoder fail.",
    "empty": "The file is empty.",
    "no_sound": "The file holds no sound that can be decoded.",
    "no_video": "The file holds no moving picture that can be decoded.",
    "too_large": "The file is larger than allowed.",
    "too_long": "The file plays longer than allowed.",
    "too_many_frames": "The animation has more frames than allowed.",
    "too_many_pixels": "The picture has more pixels than allowed.",
    "too_slow": "Decoding the file takes longer than allowed.",
    "trailing_data": "There is other data behind the end of the file.",
    "truncated": "The file ends too early.",
    "unknown_type": "The bytes are no PNG, JPEG, WebP or GIF image, no MP4 or WebM video, no MP3, WAV or Ogg sound.",
}


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """A file that may be stored. Width and height are as it is shown; `sha256` is hex; `thumbnail` is a WebP.

    The thumbnail is a small picture of the image, of the video's first frame that shows something, or of the sound's loudness.
    """

    kind: str
    content_type: str
    width: int | None
    height: int | None
    duration_ms: int | None
    bytes: int
    sha256: str
    thumbnail: builtins.bytes


class MediaRejected(Unprocessable):
    """The file is not one that is stored: it is broken, cut off, too big in some way, or of another type. `fault` says which."""

    detail = "{sentence}"
    shown = ("errors", "fault")

    def __init__(self, fault: str) -> None:
        super().__init__(fault=fault, sentence=FAULTS[fault], errors=[("/file", FAULTS[fault])])

    def __reduce__(self) -> tuple[Any, ...]:
        return MediaRejected, (self.fault,)

    fault: str
