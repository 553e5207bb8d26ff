"""The editor does what the words name, in their order, and says what it did."""

from io import BytesIO
from uuid import UUID

import numpy as np
import pytest
from PIL import Image, ImageDraw

from domain.providers.jobs import Input, Job, ProviderFailure
from workers.providers.retouch.edit import edit
from workers.providers.retouch.provider import Retouch
from workers.providers.retouch.table import STYLES, TABLE
from workers.providers.retouch.words import read
from workers.providers.sketch.dice import Dice

ORIENTATION = 0x0112


def file(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """Soft colours with an orange disc on the left and a little grain."""
    across = np.linspace(70, 190, width)[None, :, None] * np.ones((height, 1, 1))
    pixels = across * [0.9, 1.0, 1.1] + (Dice("grain").many(height, width, 1) - 0.5) * 24
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    ImageDraw.Draw(image).ellipse((14, 20, 40, 46), fill=(220, 120, 40))
    return image


SCENE = file(scene())


def edited(prompt: str, *inputs: bytes, mask: bytes | None = None, **others: object) -> tuple[Image.Image, list[dict]]:
    asked = {"unwanted": None, "style": None, "size": None, "seed": None, "index": 0, "format": "png"} | others
    data, told = edit(list(inputs or (SCENE,)), mask, prompt, *asked.values())
    return Image.open(BytesIO(data)), told["operations"]


def values(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.float32)


def names(prompt: str) -> list[str]:
    return [step.name for step in read(prompt)]


BEFORE = values(scene())


def saturation(pixels: np.ndarray) -> float:
    return float((pixels.max(axis=2) - pixels.min(axis=2)).mean())


def steps_between(pixels: np.ndarray) -> float:
    return float(np.abs(np.diff(pixels, axis=1)).mean())


@pytest.mark.parametrize(
    ("prompt", "holds"),
    [
        ("brighter", lambda now: now.mean() > BEFORE.mean() + 15),
        ("darker", lambda now: now.mean() < BEFORE.mean() - 15),
        ("more contrast", lambda now: now.std() > BEFORE.std() * 1.2),
        ("less contrast", lambda now: now.std() < BEFORE.std() * 0.8),
        ("vivid", lambda now: saturation(now) > saturation(BEFORE) * 1.3),
        ("muted colours", lambda now: saturation(now) < saturation(BEFORE) * 0.7),
        ("warmer", lambda now: (now[..., 0] - now[..., 2]).mean() > (BEFORE[..., 0] - BEFORE[..., 2]).mean() + 15),
        ("cooler", lambda now: (now[..., 0] - now[..., 2]).mean() < (BEFORE[..., 0] - BEFORE[..., 2]).mean() - 15),
        ("black and white", lambda now: saturation(now) == 0),
        ("sepia", lambda now: (now[..., 0] - now[..., 2]).mean() > 20),
        ("invert", lambda now: np.abs(now - (255 - BEFORE)).max() == 0),
        ("posterize", lambda now: len(np.unique(now)) <= 4),
        ("blur", lambda now: steps_between(now) < steps_between(BEFORE) * 0.6),
        ("sharpen", lambda now: steps_between(now) > steps_between(BEFORE) * 1.2),
        ("add noise", lambda now: steps_between(now) > steps_between(BEFORE) * 1.3),
        ("pixelate", lambda now: np.abs(now[0::2] - now[1::2]).max() == 0),
        ("vignette", lambda now: now[0, 0].mean() < BEFORE[0, 0].mean() * 0.5 and abs(now[32, 48] - BEFORE[32, 48]).max() < 3),
        ("tint it teal", lambda now: now[..., 1].mean() > now[..., 0].mean() + 20),
        ("make it night", lambda now: now.mean() < 75 and now[..., 2].mean() > now[..., 0].mean() + 10),
        ("sunset", lambda now: now[..., 0].mean() > now[..., 2].mean() + 25),
        ("pencil drawing", lambda now: np.median(now) > 200),
        ("emboss", lambda now: abs(np.median(now) - 128) < 12),
        ("snow", lambda now: (now - BEFORE).max() > 30 and (now - BEFORE).min() >= 0),
        ("rain", lambda now: (now - BEFORE).max() > 10 and (now - BEFORE).min() >= 0),
        ("mirror", lambda now: np.array_equal(now, BEFORE[:, ::-1])),
        ("flip vertically", lambda now: np.array_equal(now, BEFORE[::-1])),
        ("upside down", lambda now: np.array_equal(now, BEFORE[::-1, ::-1])),
        ("rotate 90 degrees", lambda now: np.array_equal(now, np.rot90(BEFORE, -1))),
        ("rotate left", lambda now: np.array_equal(now, np.rot90(BEFORE))),
        ("turn it around", lambda now: np.array_equal(now, BEFORE[::-1, ::-1])),
        ("crop to a square", lambda now: np.array_equal(now, BEFORE[:, 16:80])),
        ("crop to 2:1", lambda now: np.array_equal(now, BEFORE[8:56])),
        ("resize to 50%", lambda now: now.shape == (32, 48, 3)),
        ("resize to 120x30", lambda now: now.shape == (30, 120, 3)),
        ("scale to 48 px wide", lambda now: now.shape == (32, 48, 3)),
        ("a blue frame", lambda now: np.array_equal(now[3:-3, 3:-3], BEFORE) and tuple(now[0, 0]) == (40, 90, 220)),
        ('write "Hi" at the top', lambda now: (now[:20] > 240).all(axis=2).any() and np.array_equal(now[32:], BEFORE[32:])),
    ],
)
def test_it_does_what_the_words_say(prompt: str, holds):
    image, operations = edited(prompt)
    assert holds(values(image)), operations
    assert len(operations) == 1


@pytest.mark.parametrize("style", STYLES)
def test_every_style_changes_the_picture_in_its_own_way(style: str):
    image, operations = edited(f"in {style} style")
    assert operations == [{"operation": "style", "amount": 1.0, "style": style}]
    assert np.abs(values(image) - BEFORE).mean() > 4


def test_steps_are_done_in_the_order_in_which_they_are_named():
    assert names("Rotate it left, then make it black and white and add a red border") == ["rotate", "black_and_white", "border"]
    first, _ = edited("black and white, red frame")
    last, _ = edited("red frame, black and white")
    assert saturation(values(first)) > 1 and saturation(values(last)) == 0


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("don't crop it square, but sharpen it", ["sharpen"]),
        ("flip it upside down", ["flip"]),
        ("no background please", ["remove_background"]),
        ("turn it into a watercolour painting", ["style"]),
        ("make the sky purple", ["tint"]),
        ("remove the border", []),
        ("the brightness of my day", ["brighter"]),
        ("a nice picture", []),
    ],
)
def test_words_are_read_with_care(prompt: str, expected: list[str]):
    assert names(prompt) == expected


def test_what_the_negative_prompt_names_is_not_done():
    assert [each["operation"] for each in edited("sepia, blur, red frame", unwanted="no blur or border")[1]] == ["sepia"]


def test_words_say_how_much():
    amounts = [step.amount for step in read("slightly brighter, much more contrast, warmer by 60%, blur")]
    assert amounts == [0.5, 1.7, 2.0, 1.0]


def test_a_plain_background_becomes_transparent_and_what_it_encloses_does_not():
    image = Image.new("RGB", (120, 90), (230, 240, 235))
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 15, 90, 75), fill=(200, 60, 30))
    draw.ellipse((50, 35, 70, 55), fill=(230, 240, 235))
    cut, operations = edited("remove the background", file(image))
    alpha = np.asarray(cut.getchannel("A"))
    assert operations[0]["operation"] == "remove_background"
    assert (alpha[:8].max(), alpha[45, 45], alpha[45, 60]) == (0, 255, 255)
    assert abs(float((alpha > 127).mean()) - np.pi * 30**2 / (120 * 90)) < 0.02


def test_only_what_the_mask_allows_is_changed():
    light = Image.new("L", (96, 64), 0)
    light.paste(255, (0, 0, 48, 64))
    clear = Image.new("RGBA", (96, 64), (9, 9, 9, 255))
    clear.paste((9, 9, 9, 0), (0, 0, 48, 64))
    for mask in (light, clear):
        now = values(edited("black and white", mask=file(mask))[0])
        assert saturation(now[:, :47]) == 0 and np.array_equal(now[:, 49:], BEFORE[:, 49:])


def test_a_mask_moves_with_its_picture():
    mask = Image.new("L", (96, 64), 0)
    mask.paste(255, (0, 0, 48, 64))
    now = values(edited("mirror it, then black and white", mask=file(mask))[0])
    assert saturation(now[:, 49:]) == 0 and np.array_equal(now[:, :47], BEFORE[:, ::-1][:, :47])


def test_several_pictures_are_joined_when_asked_and_else_the_first_is_edited():
    red = file(Image.new("RGB", (96, 64), "red"))
    joined, operations = edited("a collage", SCENE, red)
    assert operations == [{"operation": "collage", "pictures": 2}]
    assert joined.width > 190 and tuple(values(joined)[32, 150]) == (255, 0, 0)
    first, _ = edited("invert", SCENE, red)
    assert np.array_equal(values(first), 255 - BEFORE)


def test_a_prompt_that_names_nothing_known_is_told_so():
    _, told = edit([SCENE], None, "please", None, None, None, None, 0, "png")
    assert [each["operation"] for each in told["operations"]] == ["more_contrast", "more_saturation", "sharpen"]
    assert "names no operation" in told["notes"][1]


def test_the_camera_s_orientation_is_heeded_and_its_metadata_is_gone():
    exif = Image.Exif()
    exif[ORIENTATION], exif[0x010F] = 6, "Camera of somebody"
    turned, _ = edited("mirror", file(scene(), "JPEG", exif=exif))
    assert turned.size == (64, 96) and not turned.getexif()


def test_size_and_format_are_honoured_and_jpeg_has_no_holes():
    image, operations = edited("rotate 45 degrees", size=(80, 80), format="jpeg")
    assert (image.format, image.size, image.mode) == ("JPEG", (80, 80), "RGB")
    assert operations[-1] == {"operation": "resize_to", "width": 80, "height": 80}
    assert values(image)[1, 1].min() > 240


def test_a_seed_and_a_number_vary_how_much():
    files = [
        edit([SCENE], None, "brighter", None, None, None, seed, index, "png")[0]
        for seed, index in ((None, 0), (None, 1), (7, 0), (7, 1), (7, 1))
    ]
    assert files[3] == files[4] and len(set(files)) == 4


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2)])
@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_every_operation_stands_any_picture(size: tuple[int, int], mode: str):
    data = file(Image.new("RGB", size, "olive").convert(mode))
    prompts = "black and white, blur, sharpen, vignette, remove the background, rotate 45 degrees, square, blue frame, pencil drawing, pop"
    image, operations = edited(prompts + ', text "x"', data)
    assert len(operations) == 11 and image.width > 0


def test_every_operation_of_the_table_exists():
    assert [name for name, _, _ in TABLE] == sorted(name for name, _, _ in TABLE)
    every = "negative " + " ".join(("grayscale", "blur", "emboss", "rain", "sepia", "sunset", "warmer"))
    assert len(edited(every)[1]) == 8


def job(*inputs: bytes, content_type: str = "image/png", **params: object) -> Job:
    return Job(
        generation_id=UUID(int=1), attempt=1, kind="image_edit", upstream="retouch-1", prompt="brighter, mirror", negative_prompt=None,
        params=params, adapter={}, timeout_seconds=60, inputs=[Input(data=data, content_type=content_type) for data in inputs],
    )  # fmt: skip


async def test_the_provider_edits_as_often_as_asked():
    shares: list[float] = []
    result = await Retouch().generate(job(SCENE, count=2, format="webp", size="64x64"), shares.append)
    assert result.usage == {"item": 2} and shares == [0.5, 1.0]
    assert [artefact.content_type for artefact in result.artefacts] == ["image/webp"] * 2
    assert [each["operation"] for each in result.output["operations"]] == ["brighter", "mirror", "resize_to"]
    assert len(result.output["variations"]) == 1 and result.output["masked"] is False


@pytest.mark.parametrize(
    "asked",
    [job(), job(SCENE, size="big"), job(SCENE, format="gif"), job(b"x", content_type="video/mp4")],
    ids=["none", "size", "format", "video"],
)
async def test_what_it_cannot_take_is_a_definite_no(asked: Job):
    with pytest.raises(ProviderFailure) as failure:
        await Retouch().generate(asked)
    assert failure.value.code == "invalid_request"
