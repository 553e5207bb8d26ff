"""Samples to a file: WAV, MP3 or Opus in Ogg."""

import wave
from collections.abc import Sequence
from io import BytesIO

import av
import numpy as np
from av.audio import AudioStream

from workers.providers.voice.speak import RATE

CONTENT_TYPES = {"mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav"}
CODECS = {"mp3": "libmp3lame", "ogg": "libopus"}
BIT_RATE = 48_000
#: Samples handed to the encoder at a time.
BLOCK = RATE


def encode(parts: Sequence[bytes], format: str) -> bytes:
    """*parts* are samples as `speak` gives them, in order."""
    return _wav(parts) if format == "wav" else _compressed(parts, format)


def _wav(parts: Sequence[bytes]) -> bytes:
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(parts))
    return out.getvalue()


def _compressed(parts: Sequence[bytes], format: str) -> bytes:
    samples = np.frombuffer(b"".join(parts), "<i2").astype(np.int16)[None, :]
    out = BytesIO()
    # Without chance in its headers, so that the same words are the same file.
    with av.open(out, "w", format=format, options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(CODECS[format], rate=RATE)
        assert isinstance(stream, AudioStream)
        stream.layout, stream.bit_rate = "mono", BIT_RATE
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout="mono", rate=RATE, frame_size=stream.codec_context.frame_size
        )
        for start in range(0, samples.shape[1], BLOCK):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, start : start + BLOCK]), format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            for each in resampler.resample(frame):
                container.mux(stream.encode(each))
        for each in resampler.resample(None):
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return out.getvalue()
