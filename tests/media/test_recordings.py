"""Sound and moving pictures: what is taken and measured, what is refused and why, and the picture of it"""

from io import BytesIO

import av
import numpy as np
import pytest
from PIL import Image

from domain.assets.media import MediaRejected
from domain.kernel import limits
from infra.media import looking, waveform
from tests.support.media_files import TYPES, media_file

SOUNDS = [name for name, kind in TYPES.items() if kind == "audio"]
FILMS = [name for name, kind in TYPES.items() if kind == "video"]


def fault_of(data: bytes) -> str:
    with pytest.raises(MediaRejected) as refusal:
        looking.examine(data)
    return refusal.value.fault


def picture_of(data: bytes) -> Image.Image:
    return Image.open(BytesIO(looking.examine(data).thumbnail))


@pytest.mark.parametrize("content_type", [*SOUNDS, *FILMS])
@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_the_duration_is_that_of_what_plays(content_type: str, seconds: float):
    found = looking.examine(media_file(content_type, seconds=seconds))
    # Codecs of sound work in frames of some ten milliseconds.
    assert abs(found.duration_ms - seconds * 1000) <= 60


@pytest.mark.parametrize("content_type", [name for name in [*SOUNDS, *FILMS] if name != "audio/mpeg"])
def test_a_recording_that_ends_too_early_or_too_late_is_refused(content_type: str):
    data = media_file(content_type)
    for kept in (0.3, 0.9):
        assert fault_of(data[: int(len(data) * kept)]) == "truncated"
    assert fault_of(data + b"<script>alert(1)</script>") in ("trailing_data", "truncated")


def test_a_sound_with_a_picture_of_its_album_is_a_sound():
    cover = b"ID3\x03\0\0\0\0\0\x0a" + b"\0" * 10 + media_file("audio/mpeg")
    assert looking.examine(cover).kind == "audio"


@pytest.mark.parametrize("brand", [b"qt  ", b"heic", b"avif", b"M4A "])
def test_relatives_of_mp4_are_other_types(brand: bytes):
    data = media_file("video/mp4")
    assert fault_of(data[:8] + brand + data[12:]) == "unknown_type"


def test_a_film_without_moving_pictures_is_refused():
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert fault_of(out.getvalue()) == "no_video"


def test_what_plays_too_long_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MEDIA_DURATION_SECONDS_MAX", 2)
    for content_type in (*SOUNDS, *FILMS):
        assert fault_of(media_file(content_type, seconds=3.0)) == "too_long"
        assert looking.examine(media_file(content_type)).duration_ms <= 1_060


def test_a_film_with_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "VIDEO_SIDE_MAX", 90)
    for content_type in FILMS:
        assert fault_of(media_file(content_type)) == "too_many_pixels"


@pytest.mark.parametrize("content_type", FILMS)
def test_the_poster_is_the_first_frame_that_shows_something(content_type: str):
    small = picture_of(media_file(content_type))
    assert (small.format, small.size) == ("WEBP", (96, 64))
    assert float(np.std(np.asarray(small.convert("L")))) > 20


def test_the_drawing_of_a_sound_grows_with_its_loudness():
    small = np.asarray(picture_of(media_file("audio/wav")).convert("L")).astype(int)
    heights = (small > 90).sum(axis=0)
    assert heights[:100].max() < heights[200:300].max() < heights[-30:].max()


def test_silence_is_drawn_as_a_line():
    quiet = waveform.Loudness()
    quiet.hear(np.zeros((2, 4_000), np.int16))
    assert quiet.bars() == [0.0] * waveform.BARS


def test_hours_of_sound_are_remembered_in_little():
    heard = waveform.Loudness()
    for _ in range(200):
        heard.hear(np.ones((1, 100_000), np.float32))
    assert len(heard.peaks) <= waveform.PEAKS_MAX
    assert heard.bars() == [1.0] * waveform.BARS


@pytest.mark.parametrize("content_type", [*SOUNDS, *FILMS])
def test_damaged_bytes_are_taken_or_refused_but_never_a_crash(content_type: str):
    data, chance, outcomes = media_file(content_type, seconds=0.5), np.random.RandomState(5), 0
    for _ in range(15):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 30)):
            damaged[chance.randint(len(damaged))] = chance.randint(256)
        try:
            assert looking.examine(bytes(damaged)).kind == TYPES[content_type]
        except MediaRejected as refusal:
            assert refusal.fault
        outcomes += 1
    assert outcomes == 15


def test_nothing_that_a_file_names_is_opened(tmp_path):
    """A list of other files is what some demuxers follow; here each type meets its own demuxer only."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(media_file("audio/wav"))
    for text in (f"ffconcat version 1.0\nfile {secret}\n", f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n"):
        assert fault_of(text.encode()) == "unknown_type"
        assert fault_of(b"ID3\x03\0\0\0\0\0\0" + text.encode()) in ("broken", "no_sound")
