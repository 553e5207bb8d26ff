"""Whether a browser may show an object in place, and under which name it saves it."""

from urllib.parse import quote

# Raster images only: an SVG is a document that can run scripts.
INLINE_IMAGES = frozenset({"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"})


def content_disposition(content_type: str, filename: str | None) -> str:
    """The header's value. The name stands twice: ASCII for old clients, RFC 5987 for all others."""
    kind = "inline" if content_type in INLINE_IMAGES or content_type.startswith(("audio/", "video/")) else "attachment"
    if not filename:
        return kind
    plain = "".join(char if char.isascii() and (char.isalnum() or char in " ._-()") else "_" for char in filename)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
