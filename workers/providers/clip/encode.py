"""Frames to H.264, and picture and sound to one MP4 file. One thread, fixed settings: the same frames give the same bytes."""

from collections.abc import Sequence
from io import BytesIO

import av
import numpy as np
from av.audio import AudioStream
from av.container import OutputContainer
from av.video import VideoStream
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from workers.providers.clip.frames import frames
from workers.providers.clip.layers import Layers
from workers.providers.clip.plan import FRAMES_PER_SECOND, Plan
from workers.providers.clip.sound.mix import RATE

#: No pictures that look ahead, so that seconds encoded apart simply follow each other.
OPTIONS = {
    "preset": "superfast",
    "crf": "23",
    "x264-params": f"threads=1:bframes=0:keyint={FRAMES_PER_SECOND}:min-keyint={FRAMES_PER_SECOND}:scenecut=0",
}
BT709 = 1
AUDIO_FRAME = 1024
AUDIO_BIT_RATE = 128_000


def encode_second(plan: Plan, layers: Layers, start: int) -> bytes:
    """The frames of one second from number *start*, as an H.264 stream that stands by itself."""
    out = BytesIO()
    with av.open(out, "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=OPTIONS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = 1
        for number, image in enumerate(frames(plan, layers, start, FRAMES_PER_SECOND)):
            frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def join(plan: Plan, seconds: Sequence[bytes], sound: NDArray[np.float32]) -> bytes:
    """One MP4 whose index stands before its pictures. *sound* is (2, samples), -1 to 1."""
    out = BytesIO()
    # Room for the index is kept at the beginning: 64 kB and the size of its rows.
    room = (1 << 16) + 40 * (plan.frames + sound.shape[1] // AUDIO_FRAME)
    with (
        av.open(BytesIO(b"".join(seconds)), format="h264", options={"framerate": str(FRAMES_PER_SECOND)}) as source,
        av.open(out, "w", format="mp4", options={"moov_size": str(room), "fflags": "+bitexact"}) as container,
    ):
        video = container.add_stream_from_template(source.streams.video[0])
        video.time_base = source.streams.video[0].time_base
        audio = container.add_stream("aac", rate=RATE)
        assert isinstance(audio, AudioStream) and isinstance(container, OutputContainer)
        audio.layout, audio.bit_rate = "stereo", AUDIO_BIT_RATE
        packets = _packets(source, video)
        for at in range(0, sound.shape[1], AUDIO_FRAME):
            for packet in packets:
                container.mux(packet)
                if packet.pts * packet.time_base >= at / RATE:
                    break
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[:, at : at + AUDIO_FRAME]), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = RATE, at
            container.mux(audio.encode(frame))
        for packet in packets:
            container.mux(packet)
        container.mux(audio.encode(None))
    return out.getvalue()


def _packets(source, video):  # type: ignore[no-untyped-def]
    """The stream's pictures in order, with the times that it does not carry itself."""
    number = 0
    ticks = round(1 / (FRAMES_PER_SECOND * source.streams.video[0].time_base))
    for packet in source.demux(video=0):
        if packet.size:
            packet.pts = packet.dts = number * ticks
            packet.duration = ticks
            packet.stream = video
            number += 1
            yield packet
