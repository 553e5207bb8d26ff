"""Why bytes are not taken for an image."""

from typing import Any

CODES: dict[str, str] = {
    "animated": "The image is animated; only still images are stored.",
    "broken": "The image cannot be decoded.",
    "empty": "The file is empty.",
    "too_large": "The file is larger than allowed.",
    "too_many_pixels": "The image has more pixels than allowed.",
    "trailing_data": "There is other data behind the image.",
    "truncated": "The image ends too early.",
    "unknown_type": "The bytes are no PNG, JPEG or WebP image.",
}


class MediaRejected(Exception):
    """A definite "no" to these bytes. `code` is a key of CODES. Survives the way out of a child process."""

    def __init__(self, code: str) -> None:
        super().__init__(CODES[code])
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return MediaRejected, (self.code,)
