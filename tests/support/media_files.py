"""Small real files of every type that may be uploaded, made with the encoders that the wheels carry."""

from functools import cache
from io import BytesIO
from typing import Any

import av
import numpy as np
from PIL import Image

RATE = 48_000
#: Content type -> kind.
TYPES = {
    "audio/mpeg": "audio",
    "audio/ogg": "audio",
    "audio/wav": "audio",
    "image/gif": "image",
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "image",
    "video/mp4": "video",
    "video/webm": "video",
}


@cache
def media_file(content_type: str, *, width: int = 96, height: int = 64, seconds: float = 1.0) -> bytes:
    """A file of this type; sound and pictures that change over *seconds*."""
    kind, _, name = content_type.partition("/")
    if kind == "image":
        out = BytesIO()
        Image.fromarray(_picture(width, height, 3)).save(out, {"jpeg": "JPEG"}.get(name, name.upper()))
        return out.getvalue()
    if kind == "audio":
        return _sound(content_type, seconds)
    return _video(content_type, width, height, seconds)


def moving_gif(frames: int = 3) -> bytes:
    out = BytesIO()
    first, *rest = [Image.new("RGB", (32, 24), (40 * number, 90, 10)) for number in range(frames)]
    first.save(out, "GIF", save_all=True, append_images=rest, duration=50)
    return out.getvalue()


def _picture(width: int, height: int, number: int) -> Any:
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([(across * 5 + number * 9) % 256, (down * 7) % 256, (across + down) * 2 % 256], axis=-1).astype(np.uint8)


def _sound(content_type: str, seconds: float) -> bytes:
    format, codec = {"audio/mpeg": ("mp3", "libmp3lame"), "audio/ogg": ("ogg", "libopus"), "audio/wav": ("wav", "pcm_s16le")}[content_type]
    out = BytesIO()
    with av.open(out, "w", format=format) as container:
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.layout = "mono"
        _play(container, stream, seconds)
    return out.getvalue()


def _play(container: Any, stream: Any, seconds: float) -> None:
    wave = np.sin(np.arange(int(RATE * seconds)) / RATE * 2 * np.pi * 440) * np.linspace(0, 1, int(RATE * seconds))
    frame = av.AudioFrame.from_ndarray((wave * 30_000).astype(np.int16).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = RATE
    resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=RATE, frame_size=stream.frame_size or None)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def _video(content_type: str, width: int, height: int, seconds: float, *, black: int = 3) -> bytes:
    """Its first frames are black."""
    format, codec = {"video/mp4": ("mp4", "libx264"), "video/webm": ("webm", "libvpx")}[content_type]
    out = BytesIO()
    with av.open(out, "w", format=format) as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(int(seconds * 10)):
            picture = np.zeros((height, width, 3), np.uint8) if number < black else _picture(width, height, number)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return out.getvalue()
