"""What runs in a child process: one look at one file, with the memory it may take bounded."""

import hashlib
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from domain.assets.media import CONTENT_TYPES, Examined, MediaRejected
from domain.kernel import limits
from infra.media import pictures
from infra.media.images import check_image
from infra.media.magic import HEAD_BYTES, content_type_of

STATM = Path("/proc/self/statm")
#: A file, or what was in it.
Source = Path | bytes


def examine(source: Source, declared: str | None = None, bytes_max: int = limits.UPLOAD_BYTES_MAX) -> Examined:
    """Judge the bytes by themselves; *declared* is what a provider calls them.   Raises MediaRejected.

    Another type than declared is corrected, because gateways often say PNG and send JPEG; a declared type that is no media at
    all is refused before a decoder sees the bytes.
    """
    with _bounded_memory(), _file(source) as file:
        head = file.read(HEAD_BYTES)
        if not head:
            raise MediaRejected("empty")
        if declared is not None and not declared.lower().startswith(("application/octet-stream", "audio/", "image/", "video/")):
            raise MediaRejected("unknown_type")
        size, sha256 = _hashed(file)
        if size > bytes_max:
            raise MediaRejected("too_large")
        content_type = content_type_of(head)
        kind, _ = CONTENT_TYPES[content_type]
        width, height, duration_ms, thumbnail = _looked_at(file, kind, content_type)
    return Examined(
        kind=kind,
        content_type=content_type,
        width=width,
        height=height,
        duration_ms=duration_ms,
        bytes=size,
        sha256=sha256,
        thumbnail=thumbnail,
    )


def rendition(source: Source, content_type: str, width: int, format: str) -> bytes:
    """See `pictures.rendition`.   Raises MediaRejected."""
    with _bounded_memory(), _file(source) as file:
        return pictures.rendition(file.read(), content_type, width=width, format=format)


def _looked_at(file: BinaryIO, kind: str, content_type: str) -> tuple[int | None, int | None, int | None, bytes]:
    """Width, height, duration and thumbnail."""
    if kind == "image":
        file.seek(0)
        data = file.read()
        width, height = check_image(data, content_type)
        return width, height, None, pictures.thumbnail(data, content_type)
    # FFmpeg's libraries take long to load, and most files are images.
    from infra.media import playing

    if kind == "video":
        width, height, duration_ms, poster = playing.examine_video(file, content_type)
        return width, height, duration_ms, pictures.small(poster)
    duration_ms, drawing = playing.examine_sound(file, content_type)
    return None, None, duration_ms, pictures.small(drawing)


def _hashed(file: BinaryIO) -> tuple[int, str]:
    file.seek(0)
    digest = hashlib.sha256()
    size = 0
    while piece := file.read(1 << 20):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


@contextmanager
def _file(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield BytesIO(source)
        return
    with source.open("rb") as file:
        yield file


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """Decoders get so much on top of what the process has; more is a MemoryError. Linux only: elsewhere the kernel has no such limit."""
    if sys.platform != "linux":
        yield
        return
    has = int(STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = has + limits.MEDIA_MEMORY_BYTES_MAX
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
