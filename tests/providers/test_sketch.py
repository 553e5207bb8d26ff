"""The built-in renderer: the same request gives the same bytes everywhere, another request gives another picture."""

import asyncio
import hashlib
import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from itertools import combinations
from multiprocessing import get_context
from uuid import UUID

import numpy as np
import pytest
from PIL import Image

from domain.providers.jobs import Job, ProviderFailure
from infra.catalogue import load_catalogue
from workers.providers.sketch.palettes import STYLES
from workers.providers.sketch.provider import SketchProvider
from workers.providers.sketch.render import render
from workers.providers.sketch.scenes import SCENES
from workers.providers.sketch.subjects import _SUBJECTS
from workers.providers.sketch.words import SCENES as SCENE_WORDS
from workers.providers.sketch.words import STYLE_WORDS, SUBJECTS, read

CAT = "a cyberpunk cat in neon city"


def draw(
    prompt: str = CAT, style: str | None = "cyberpunk", *, seed: int | None = None, size: int = 128, format: str = "png", index: int = 0
) -> bytes:
    return render(prompt, None, style, seed, size, size, index, format)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"), dtype=np.float32)


def distance(a: bytes, b: bytes) -> float:
    """Mean difference of a channel, 0 to 255."""
    return float(np.abs(pixels(a) - pixels(b)).mean())


def job(**params: object) -> Job:
    return Job(
        generation_id=UUID(int=1), attempt=1, kind="image", upstream="sketch-1", prompt=CAT, negative_prompt=None,
        params=params, adapter={}, timeout_seconds=60,
    )  # fmt: skip


@pytest.mark.parametrize(("style", "format"), [*((style, "png") for style in (None, *STYLES)), ("oil", "jpeg"), ("oil", "webp")])
def test_the_same_request_is_byte_identical(style: str | None, format: str):
    assert draw(style=style, format=format) == draw(style=style, format=format)


def test_the_same_request_is_byte_identical_in_another_process_with_other_hashing():
    script = (
        "import sys, json, hashlib; from workers.providers.sketch.render import render;"
        "print([hashlib.sha256(render(*request)).hexdigest() for request in json.loads(sys.argv[1])])"
    )
    requests = [[CAT, None, style, None, 96, 128, 1, "png"] for style in STYLES]
    ours = str([hashlib.sha256(render(*request)).hexdigest() for request in requests])
    for hashing in ("0", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", script, json.dumps(requests)],
            capture_output=True, text=True, timeout=120, check=True, env={"PYTHONHASHSEED": hashing, "PYTHONPATH": "."},
        )  # fmt: skip
        assert done.stdout.strip() == ours


def test_another_seed_index_or_prompt_is_another_picture():
    pictures = [draw(), draw(seed=1), draw(seed=2), draw(index=1), draw("a dog in the hills")]
    assert min(distance(a, b) for a, b in combinations(pictures, 2)) > 4


def test_spaces_do_not_matter_and_words_do():
    assert draw("a   cat\n in a city") == draw("a cat in a city")
    assert draw("a cat in a city") != draw("a cat in a cellar")


def test_every_style_looks_unlike_every_other():
    pictures = {style: draw("mountains by a lake", style, seed=7) for style in STYLES}
    closest = min((distance(pictures[a], pictures[b]), a, b) for a, b in combinations(STYLES, 2))
    assert closest[0] > 8, closest


def test_every_scene_looks_unlike_every_other():
    pictures = {scene: draw(scene, None, seed=7) for scene in SCENES}
    closest = min((distance(pictures[a], pictures[b]), a, b) for a, b in combinations(SCENES, 2))
    assert closest[0] > 8, closest


@pytest.mark.parametrize("subject", sorted(SUBJECTS))
def test_a_subject_is_seen_in_the_picture(subject: str):
    """Only the negative prompt differs, which takes the subject away; the dice are the same but for that word."""
    with_it, without = (read(f"{subject} in the hills", banned) for banned in (None, subject))
    assert (with_it.subject, without.subject) == (subject, None)
    assert (
        distance(draw(f"{subject} in the hills", None, seed=3), render(f"{subject} in the hills", subject, None, 3, 128, 128, 0, "png")) > 1
    )


@pytest.mark.parametrize("style", [None, *STYLES])
def test_no_picture_is_empty_or_flat(style: str | None):
    values = pixels(draw("a quiet place", style, seed=11))
    assert values.std() > 12
    assert np.abs(values[4:-4, 5:-4] - values[4:-4, 4:-5]).mean() > 0.2


@pytest.mark.parametrize(("width", "height"), [(64, 64), (64, 1024), (1024, 64), (333, 577)])
@pytest.mark.parametrize("scene", sorted(SCENES))
def test_every_scene_fits_every_size(scene: str, width: int, height: int):
    image = Image.open(BytesIO(render(f"{scene} with a robot and rain", None, None, 5, width, height, 0, "jpeg")))
    image.load()
    assert image.size == (width, height)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_the_file_is_what_was_asked_for(format: str):
    image = Image.open(BytesIO(draw(format=format)))
    image.load()
    assert (image.format.lower(), image.size, image.mode) == (format, (128, 128), "RGB")


def test_any_text_is_a_prompt():
    for prompt in ("", "猫", "🐈" * 500, "\x00\ud7ff", "x" * 8_000, "cats! dogs? NIGHT-city"):
        assert draw(prompt, None, size=64)


def test_an_unknown_style_is_read_like_a_word():
    assert read("painting impressionism", None).style == "oil"
    assert distance(draw("hills", "impressionism", seed=1), draw("hills", None, seed=1)) > 2


def test_words_steer_scene_subject_time_weather_and_style():
    wishes = read("A cat on a rooftop in the city at night, rain, watercolor", None)
    assert (wishes.scene, wishes.subject, wishes.time, wishes.style) == ("city", "cat", "night", "watercolor")
    assert "rain" in wishes.weather
    assert read("mountains", "mountains").scene is None
    assert read("a lake in the mountains", None).scene == "lake"


def test_every_table_speaks_of_things_that_exist():
    assert set(SCENE_WORDS) == set(SCENES)
    assert set(SUBJECTS) == set(_SUBJECTS)
    assert set(STYLE_WORDS) <= set(STYLES)


def test_the_catalogue_offers_exactly_the_styles_that_exist():
    assert load_catalogue(None).model("image", "builtin/sketch-1").styles == sorted(STYLES)


async def test_the_provider_draws_as_many_as_were_asked_for():
    told: list[float] = []
    result = await SketchProvider().generate(job(size="96x64", style="ink", count=3, format="webp", seed=5), told.append)
    assert result.usage == {"item": 3}
    assert told == [1 / 3, 2 / 3, 1.0]
    assert [artefact.content_type for artefact in result.artefacts] == ["image/webp"] * 3
    assert len({artefact.data for artefact in result.artefacts}) == 3
    assert Image.open(BytesIO(result.artefacts[0].data)).size == (96, 64)


async def test_params_may_be_absent_or_null():
    result = await SketchProvider().generate(job(size="64x64", style=None, seed=None, count=None, format=None))
    assert result.artefacts[0].content_type == "image/png"


@pytest.mark.parametrize("params", [{"size": "big"}, {"format": "gif"}])
async def test_a_size_or_format_it_does_not_know_is_a_definite_no(params: dict[str, str]):
    with pytest.raises(ProviderFailure) as failure:
        await SketchProvider().generate(job(**params))
    assert (failure.value.code, failure.value.retryable) == ("invalid_request", False)


async def test_it_draws_the_same_in_a_child_process():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        in_child = partial(asyncio.get_running_loop().run_in_executor, pool)
        there = await SketchProvider(in_child).generate(job(size="96x96", style="oil"))
    here = await SketchProvider().generate(job(size="96x96", style="oil"))
    assert there.artefacts == here.artefacts
