"""Clips: real MP4 files with moving pictures and audible sound, the same bytes for the same request."""

import asyncio
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import combinations, pairwise
from uuid import UUID

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from domain.providers.jobs import Input, Job, ProviderFailure, Result
from workers.providers.clip.camera import PATHS, boxes
from workers.providers.clip.encode import encode_second
from workers.providers.clip.frames import frames
from workers.providers.clip.layers import Layers, paint
from workers.providers.clip.motifs import MOTIFS, heard_in, strikes
from workers.providers.clip.plan import ASPECT_RATIOS, FRAMES_PER_SECOND, LIGHT_WORDS, LIGHTS, MOVES, QUALITIES, Plan, frame_size, plan
from workers.providers.clip.provider import Clip, finish
from workers.providers.clip.sound.mix import RATE, SOUNDS, mix
from workers.providers.sketch.dice import Dice


def planned(prompt: str = "a boat at sea", *triggers: str, seconds: int = 1, aspect_ratio: str = "1:1", seed: int | None = None) -> Plan:
    """Small frames: what is true of them is true of all."""
    return replace(plan(prompt, None, seed, seconds, "480p", aspect_ratio, triggers), width=160, height=160)


def job(prompt: str = "a lighthouse at the sea", *inputs: bytes, content_type: str = "image/png", **params: object) -> Job:
    return Job(
        generation_id=UUID(int=1), attempt=1, kind="video", upstream="clip-1", prompt=prompt, negative_prompt=None,
        params={"duration": 1, "quality": "480p", "aspect_ratio": "1:1", **params}, adapter={}, timeout_seconds=60,
        inputs=[Input(data=data, content_type=content_type) for data in inputs],
    )  # fmt: skip


def file(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def made_of(made: Plan) -> bytes:
    layers = paint(made, None)
    return finish(made, [encode_second(made, layers, start) for start in range(0, made.frames, FRAMES_PER_SECOND)])


def drawn(made: Plan, layers: Layers, *numbers: int) -> list[np.ndarray]:
    return [np.asarray(next(frames(made, layers, number, 1)), np.float32) for number in numbers]


@pytest.fixture(scope="module")
def made() -> tuple[Result, list[float]]:
    """One clip of two seconds, wide, with everything in it."""
    told: list[float] = []
    asked = job("a lighthouse at the sea", duration=2, aspect_ratio="16:9", triggers=["distant thunder", "rain", "a theremin"])
    return asyncio.run(Clip().generate(asked, told.append)), told


def test_it_is_an_mp4_of_that_length_and_size_with_sound(made):
    result, told = made
    data = result.artefacts[0].data
    with av.open(BytesIO(data)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt, video.width, video.height) == ("h264", "yuv420p", 854, 480)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", RATE, "stereo")
        assert video.average_rate == FRAMES_PER_SECOND and abs(container.duration / 1e6 - 2) < 0.05
        pictures = [frame.to_ndarray(format="gray").astype(np.float32) for frame in container.decode(video=0)]
    assert len(pictures) == 48
    assert all(picture.std() > 12 for picture in pictures)
    assert min(float(np.abs(a - b).mean()) for a, b in pairwise(pictures)) > 0.2
    with av.open(BytesIO(data)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert sound.shape[1] / RATE == pytest.approx(2, abs=0.06)
    assert float(np.sqrt((sound**2).mean())) > 0.03 and float(np.abs(sound).max()) <= 1.05
    assert result.artefacts[0].content_type == "video/mp4" and result.usage == {"second": 2}
    assert result.output["sounds"] == ["thunder", "rain"] and result.output["unheard_triggers"] == ["a theremin"]
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_its_index_stands_before_its_pictures(made):
    data = made[0].artefacts[0].data
    assert data[4:8] == b"ftyp" and 0 < data.find(b"moov") < data.find(b"mdat")


def test_lightning_lights_the_picture_when_thunder_is_about_to_roll(made):
    with av.open(BytesIO(made[0].artefacts[0].data)) as container:
        light = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    at = round(strikes("thunder", planned().dice("sound"), 2)[0] * FRAMES_PER_SECOND)
    assert max(range(48), key=light.__getitem__) in (at, at + 1)
    assert max(light) > np.median(light) + 40


def test_the_same_request_is_byte_identical_and_a_seed_changes_it():
    mine, other = planned("a cat, zoom in", seed=3), planned("a cat, zoom in", seed=4)
    first, again = (made_of(mine) for _ in range(2))
    assert first == again and len(first) > 10_000
    assert np.abs(drawn(other, paint(other, None), 0)[0] - drawn(mine, paint(mine, None), 0)[0]).mean() > 4


def test_a_second_is_the_same_made_by_itself_or_in_a_row():
    made = planned(seconds=2)
    layers = paint(made, None)
    inside = [np.asarray(frame) for frame in frames(made, layers, 22, 4)]
    assert np.array_equal(inside[2], np.asarray(next(frames(made, layers, 24, 1))))


def test_the_sky_drifts_behind_the_land():
    made = planned("mountains, still", seconds=5)
    layers = paint(made, None)
    assert layers.near is not None and layers.cover is not None
    begin, end = drawn(made, layers, 0, 119)
    covered = np.asarray(layers.images()[2].resize((160, 160))) > 250
    land, sky = np.abs(begin - end)[147:].mean(), np.abs(begin - end)[:67][~covered[:67]].mean()
    assert sky > 3 * land


def test_the_water_moves_and_the_picture_above_it_stands():
    made = planned("a boat at sea, still", seconds=5)
    layers = paint(made, None)
    assert layers.water is not None and 0.3 < layers.water < 0.95
    one, other = drawn(made, layers, 60, 63)
    moved = np.abs(one - other).mean(axis=(1, 2))
    assert moved[round(layers.water * 160) + 20 :].mean() > 2 * moved[: round(layers.water * 160) - 20].mean()


def test_a_given_picture_is_the_first_frame_whole():
    given = Image.new("RGB", (300, 300), (40, 90, 160))
    ImageDraw.Draw(given).rectangle((0, 0, 60, 299), fill=(220, 200, 60))
    made = planned("a clock, zoom in", "heartbeat")
    first, last = drawn(made, paint(made, file(given)), 0, 23)
    expected = np.asarray(given.resize((160, 160), Image.Resampling.LANCZOS), np.float32)
    assert np.abs(first - expected).mean() < 3
    assert np.abs(last - expected).mean() > 3


def test_day_goes_and_night_falls():
    made = planned("hills, the sun sets", seconds=2)
    first, last = drawn(made, paint(made, None), 0, 47)
    assert made.light == "nightfall" and last.mean() < first.mean() * 0.5
    assert last[..., 2].mean() / last[..., 0].mean() > first[..., 2].mean() / first[..., 0].mean()


@pytest.mark.parametrize("trigger", ["rain", "birds"])
def test_what_is_heard_is_seen(trigger: str):
    quiet, loud = planned("a castle", "music"), planned("a castle", trigger)
    layers = paint(quiet, None)
    without, with_it = drawn(quiet, layers, 12)[0], drawn(loud, layers, 12)[0]
    assert np.abs(without - with_it).max() > 40


def test_snow_is_seen():
    made = planned("a castle in the snow")
    assert made.weather == {"snow"}
    one, other = drawn(made, paint(made, None), 3, 9)
    assert np.abs(one - other).max() > 60


@pytest.mark.parametrize("move", sorted(PATHS))
def test_the_camera_never_looks_beyond_the_painting(move: str):
    made = planned(f"a cat {move.replace('_', ' ')}", "heartbeat", seconds=5)
    for given in (False, True):
        for step in range(100):
            for left, top, right, bottom in boxes(made, step / 20, 640, 400, given=given):
                assert 0 <= left < right <= 640 and 0 <= top < bottom <= 400
                assert (right - left) / (bottom - top) == pytest.approx(1.6, rel=0.01)


@pytest.mark.parametrize(
    ("prompt", "move", "light"),
    [
        ("pan left over hills", "pan_left", "steady"),
        ("zoom out, night falls, gets dark", "zoom_out", "nightfall"),
        ("timelapse, tripod", "still", "day"),
    ],
)
def test_words_move_the_camera_and_the_light(prompt: str, move: str, light: str):
    assert (planned(prompt).move, planned(prompt).light) == (move, light)


def test_every_table_speaks_of_things_that_exist():
    assert set(SOUNDS) == set(MOTIFS) and set(MOVES) == set(PATHS) and set(LIGHT_WORDS) < set(LIGHTS)
    assert list(MOTIFS) == sorted(MOTIFS) and list(SOUNDS) == sorted(SOUNDS)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
def test_sizes_are_even_and_have_their_shape(quality: str, ratio: str):
    width, height = frame_size(quality, ratio)
    wide, high = ASPECT_RATIOS[ratio]
    assert width % 2 == height % 2 == 0 and min(width, height) == QUALITIES[quality]
    assert width / height == pytest.approx(wide / high, rel=0.003)


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt((samples.astype(np.float64) ** 2).mean()))


@cache
def sound_of(motif: str) -> np.ndarray:
    return mix(planned("", motif, seconds=3))


def spectrum(name: str) -> np.ndarray:
    """How its loudness is spread over sixteen bands, as parts of one."""
    samples = sound_of(name)[0]
    power = np.abs(np.fft.rfft(samples)) ** 2
    edges = np.geomspace(30, 16_000, 17) * len(samples) / RATE
    bands = np.array([power[int(low) : int(high)].sum() for low, high in pairwise(edges)])
    return np.sqrt(bands / bands.sum())


def test_every_motif_is_heard_and_never_clipped():
    for name in SOUNDS:
        sound = sound_of(name)
        assert sound.shape == (2, 3 * RATE) and sound.dtype == np.float32
        assert 0.8 < np.abs(sound).max() <= 0.87 and loudness(sound) > 0.02, name
        assert np.abs(sound[:, 0]).max() == 0


def test_motifs_sound_unlike_each_other():
    spectra = {name: spectrum(name) for name in SOUNDS}
    closest = min((1 - float(spectra[a] @ spectra[b]), a, b) for a, b in combinations(spectra, 2))
    assert closest[0] > 0.01, closest


def test_a_heart_beats_when_it_should():
    sound = np.abs(mix(planned("", "heartbeat", seconds=3))[0])
    for at in strikes("heartbeat", planned("", "heartbeat", seconds=3).dice("sound"), 3):
        here = sound[round((at + 0.01) * RATE) : round((at + 0.1) * RATE)].mean()
        assert here > 5 * sound[round((at - 0.15) * RATE) : round((at - 0.02) * RATE)].mean()


def test_triggers_are_read_by_their_words():
    assert heard_in("Heavy rain and distant thunder over the ocean") == ["rain", "thunder", "waves"]
    assert heard_in("xylophone") == []
    assert planned("a forest").sounds == ("birds", "wind") and planned("an idea").sounds == ("music",)
    assert strikes("rain", Dice("x"), 5) == []


async def test_it_can_be_canceled_between_two_seconds():
    begun = asyncio.Event()

    async def slowly(work: object, *arguments: object) -> object:
        if work is not encode_second:
            return Layers(4, 4, bytes(48))
        begun.set()
        return await asyncio.Event().wait()

    making = asyncio.create_task(Clip(slowly).generate(job()))
    await begun.wait()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making


@pytest.mark.parametrize(
    "asked", [job(quality="8K"), job(aspect_ratio="5:4"), job(duration=99), job("x", b"x", content_type="audio/wav")],
    ids=["quality", "ratio", "length", "input"],
)  # fmt: skip
async def test_what_it_cannot_make_is_a_definite_no(asked: Job):
    with pytest.raises(ProviderFailure) as failure:
        await Clip().generate(asked)
    assert failure.value.code == "invalid_request"
