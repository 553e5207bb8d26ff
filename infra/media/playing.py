"""Sound and moving pictures: what they are, how long they play, and a picture of them.

Each file meets only the one demuxer of its type, through a Python file, so that no address in it can ever be followed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import av
import numpy as np
from av.error import FFmpegError
from PIL import Image

from domain.assets.media import MediaRejected
from domain.kernel import limits
from infra.media import waveform
from infra.media.images import DECODE_ERRORS, check_size
from infra.media.recordings import check_end

DEMUXERS = {"audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/wav": "wav", "video/mp4": "mov", "video/webm": "matroska"}
VIDEO_CODECS = frozenset({"av1", "h264", "hevc", "libdav1d", "mpeg4", "vp8", "vp9"})
#: A first frame is often black: so many are looked at for one that shows something.
FRAMES_LOOKED_AT = 60
#: The standard deviation of the brightness above which a frame shows something.
CONTRAST_MIN = 8.0


def examine_video(file: BinaryIO, content_type: str) -> tuple[int, int, int, Image.Image]:
    """Width, height, milliseconds and the poster.   Raises MediaRejected."""
    check_end(file, content_type)
    with _opened(file, content_type) as container:
        stream = _only(container.streams.video, "no_video")
        if stream.codec_context is None or stream.codec_context.name not in VIDEO_CODECS:
            raise MediaRejected("no_video")
        check_size(stream.codec_context.width, stream.codec_context.height, side_max=limits.VIDEO_SIDE_MAX)
        stream.codec_context.thread_count = 1
        poster = _poster(container, stream)
    with _opened(file, content_type) as container:
        played_ms = _played_ms(container)
    return poster.width, poster.height, played_ms, poster


def examine_sound(file: BinaryIO, content_type: str) -> tuple[int, Image.Image]:
    """Milliseconds and a drawing of the loudness.   Raises MediaRejected. All of it is decoded."""
    check_end(file, content_type)
    with _opened(file, content_type) as container:
        stream = _only(container.streams.audio, "no_sound")
        if content_type == "audio/ogg" and container.streams.video:
            raise MediaRejected("unknown_type")
        loudness = waveform.Loudness()
        samples, rate = 0, 0
        for frame in _frames(container, stream):
            samples, rate = samples + frame.samples, frame.sample_rate
            if samples > limits.MEDIA_DURATION_SECONDS_MAX * rate:
                raise MediaRejected("too_long")
            loudness.hear(frame.to_ndarray())
        if not samples:
            raise MediaRejected("no_sound")
    return max(1, samples * 1000 // rate), waveform.drawn(loudness)


@contextmanager
def _opened(file: BinaryIO, content_type: str) -> Iterator[Any]:
    """FFmpeg's errors as ours."""
    file.seek(0)
    try:
        with av.open(file, format=DEMUXERS[content_type], metadata_errors="replace") as container:
            if len(container.streams) > limits.MEDIA_STREAMS_MAX:
                raise MediaRejected("broken")
            yield container
    except (FFmpegError, MemoryError, *DECODE_ERRORS) as error:
        raise MediaRejected("broken") from error


def _only(streams: Any, fault: str) -> Any:
    if not streams:
        raise MediaRejected(fault)
    return streams[0]


def _poster(container: Any, stream: Any) -> Image.Image:
    """The first frame that shows something; else the one that shows most."""
    best, best_contrast = None, -1.0
    for number, frame in enumerate(_frames(container, stream)):
        check_size(frame.width, frame.height, side_max=limits.VIDEO_SIDE_MAX)
        contrast = float(np.std(frame.reformat(width=64, height=64, format="gray").to_ndarray()))
        if contrast > best_contrast:
            best, best_contrast = frame, contrast
        if contrast >= CONTRAST_MIN or number + 1 >= FRAMES_LOOKED_AT:
            break
    if best is None:
        raise MediaRejected("no_video")
    image: Image.Image = best.to_image()
    return image.rotate(best.rotation, expand=True) if best.rotation else image


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Frames that can be decoded; a damaged one between others is stepped over, as players do."""
    damaged, whole = 0, 0
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                whole += 1
                yield frame
        except FFmpegError:
            damaged += 1
            if damaged > whole + 10:
                raise


def _played_ms(container: Any) -> int:
    """When the last packet ends. What the header says of it is not believed."""
    end = 0.0
    for packet in container.demux():
        if packet.pts is not None and packet.time_base is not None:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if end > limits.MEDIA_DURATION_SECONDS_MAX:
                raise MediaRejected("too_long")
    if end <= 0:
        raise MediaRejected("no_video")
    return max(1, round(end * 1000))
