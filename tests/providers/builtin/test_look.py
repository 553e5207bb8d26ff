"""The measuring eye: facts of synthetic pictures are known, and so is every answer."""

from io import BytesIO
from uuid import UUID

import jsonschema_rs
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageDraw, ImageFilter

from domain.providers.jobs import Input, Job, ProviderFailure
from workers.providers.look.analyse import analyse
from workers.providers.look.answer import LIMITS
from workers.providers.look.blobs import labelled
from workers.providers.look.measure import measure, ratio
from workers.providers.look.palette import name_of
from workers.providers.look.provider import Look
from workers.providers.look.schema import check_schema
from workers.providers.sketch.dice import Dice


def file(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def figures() -> Image.Image:
    image = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 40, 120, 120), fill="red")
    draw.rectangle((200, 50, 360, 120), fill="blue")
    draw.polygon([(60, 280), (160, 280), (110, 190)], fill="green")
    draw.rectangle((250, 180, 330, 260), fill="black")
    return image


def grain(amount: float, level: float = 0.5) -> Image.Image:
    values = level + (Dice("grain").many(200, 200) + Dice("more").many(200, 200) - 1) * amount * 2.449
    return Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8)).convert("RGB")


def photo(place: bool = True) -> bytes:
    """With a camera's data, held sideways."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model], exif[ExifTags.Base.Orientation] = "Lumen", "L-1\x00", 6
    exif.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base.ExposureTime: 0.004, ExifTags.Base.ISOSpeedRatings: 200})
    if place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {ExifTags.GPS.GPSLatitudeRef: "S", ExifTags.GPS.GPSLatitude: (33.0, 30.0, 0.0),
             ExifTags.GPS.GPSLongitudeRef: "E", ExifTags.GPS.GPSLongitude: (18.0, 15.0, 36.0)}
        )  # fmt: skip
    return file(figures(), "JPEG", exif=exif)


FIGURES = file(figures())
FACTS = measure(FIGURES)


def test_shapes_are_counted_placed_named_and_coloured():
    found = {shape["shape"]: shape for shape in FACTS["shapes"]["largest"]}
    assert (FACTS["shapes"]["count"], FACTS["shapes"]["background"]) == (4, "white")
    assert {name: shape["color"] for name, shape in found.items()} == {
        "circle": "red", "rectangle": "blue", "triangle": "green", "square": "black",
    }  # fmt: skip
    circle = found["circle"]
    assert (circle["x"], circle["y"]) == (pytest.approx(0.2, abs=0.01), pytest.approx(0.267, abs=0.01))
    assert circle["share"] == pytest.approx(np.pi * 40**2 / 120_000, abs=0.002) and circle["roundness"] > 0.97


def test_the_palette_has_the_colours_with_their_shares():
    shares = {each["name"]: each["share"] for each in FACTS["palette"]}
    assert list(shares) == ["white", "blue", "black", "red", "green"]
    assert shares["blue"] == pytest.approx(161 * 71 / 120_000, abs=0.01)
    assert {each["hex"] for each in FACTS["palette"]} == {"#ffffff", "#0000ff", "#000000", "#ff0000", "#008000"}


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ((149, 200, 225), "light blue"), ((25, 25, 80), "dark blue"), ((120, 72, 36), "brown"), ((250, 140, 180), "pink"),
        ((128, 128, 128), "grey"),
        ((245, 130, 30), "orange"), ((10, 60, 20), "dark green"), ((250, 230, 60), "yellow"), ((130, 60, 180), "purple"),
        ((60, 60, 62), "dark grey"),
    ],
)  # fmt: skip
def test_colours_have_plain_names(color: tuple[int, int, int], name: str):
    assert name_of(np.array(color, np.float32)) == name


def test_light_is_measured():
    dark, bright = measure(file(Image.new("RGB", (50, 50), (20, 20, 20)))), measure(file(Image.new("RGB", (50, 50), (240, 240, 240))))
    assert (dark["brightness"], dark["brightness_level"], dark["contrast"]) == (pytest.approx(20 / 255, abs=0.001), "very dark", 0)
    assert (bright["brightness_level"], bright["saturation_level"]) == ("very bright", "grey")
    halves = Image.new("RGB", (100, 60), "black")
    halves.paste((255, 255, 255), (0, 0, 50, 60))
    facts = measure(file(halves))
    assert (facts["contrast"], facts["contrast_level"]) == (0.5, "high")
    assert facts["histogram"] == {"shadows": 0.5, "midtones": 0, "highlights": 0.5, "black": 0.5, "white": 0.5}
    assert (facts["symmetry"]["left_right"], facts["symmetry"]["top_bottom"]) == (0, 1)


def test_noise_is_estimated_and_edges_are_no_noise():
    assert measure(file(grain(0.05)))["noise"] == pytest.approx(0.05, rel=0.25)
    assert measure(file(grain(0.05)))["noise_level"] == "grainy"
    assert FACTS["noise"] == 0 and FACTS["noise_level"] == "clean"


def test_blur_lowers_sharpness():
    levels = [measure(file(figures().filter(ImageFilter.GaussianBlur(radius)) if radius else figures())) for radius in (0, 1, 4, 20)]
    scores = [facts["sharpness"] for facts in levels]
    assert scores == sorted(scores, reverse=True)
    assert (levels[0]["sharpness_level"], levels[3]["sharpness_level"]) == ("very sharp", "blurred")


def test_transparency_is_measured_and_leaves_the_palette_alone():
    image = Image.new("RGBA", (80, 40), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 20, 40))
    facts = measure(file(image))
    assert facts["transparency"] == {"has_alpha": True, "share": 0.75}
    assert [each["name"] for each in facts["palette"]] == ["red"]
    empty = measure(file(Image.new("RGBA", (9, 9), (0, 0, 0, 0))))
    assert empty["palette"] == [] and "no colours" in analyse([file(Image.new("RGBA", (9, 9), (0, 0, 0, 0)))], "colours?", None)["text"]


@pytest.mark.parametrize(
    ("size", "named"), [((1920, 1080), "16:9"), ((1024, 768), "4:3"), ((500, 501), "1:1"), ((768, 1024), "3:4"), ((700, 100), "7:1")]
)
def test_aspect_ratios_have_their_usual_names(size: tuple[int, int], named: str):
    assert ratio(*size) == named


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (3, 3)])
@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "CMYK"])
def test_any_picture_is_measured(size: tuple[int, int], mode: str):
    facts = measure(file(Image.new("RGB", size, "olive").convert(mode), "TIFF"))
    assert msgspec.json.decode(msgspec.json.encode(facts)) == facts
    assert (facts["width"], facts["height"], facts["format"]) == (*size, "tiff")


def test_a_camera_tells_and_its_place_only_to_who_asks():
    facts = measure(photo())
    assert (facts["width"], facts["height"]) == (300, 400)
    assert facts["camera"] == {
        "make": "Lumen", "model": "L-1", "software": None, "taken_at": None, "orientation": "turned left", "exposure_seconds": 0.004,
        "f_number": None, "iso": 200.0, "focal_length_mm": None, "has_place": True,
    }  # fmt: skip
    quiet = str(analyse([photo()], "Which camera took this? What is in it?", None))
    assert "Lumen L-1" in quiet and "33.5" not in quiet and "18.26" not in quiet
    asked = analyse([photo()], "Where was this picture taken?", None)["text"]
    assert "latitude -33.5, longitude 18.26" in asked
    assert "no coordinates" in analyse([photo(place=False)], "Which GPS coordinates?", None)["text"]


def test_winding_areas_hang_together():
    spiral = np.zeros((9, 9), bool)
    spiral[[0, 2, 4, 6, 8]] = True
    spiral[1, 8] = spiral[3, 0] = spiral[5, 8] = spiral[7, 0] = True
    assert set(np.unique(labelled(spiral))) == {0, 1}
    assert labelled(np.eye(5, dtype=bool)[:, ::-1]).max() == 1
    assert labelled(np.array([[1, 0, 1], [1, 0, 1]], bool)).tolist() == [[1, 0, 2], [1, 0, 2]]


@pytest.mark.parametrize(
    ("question", "says", "limits"),
    [
        ("What are the main colours?", "white (76%), blue (10%)", False),
        ("How many shapes are there, and where?", "a red circle at the top left", False),
        ("Is it bright?", "It is very bright", False),
        ("How big is it?", "400 x 300 pixels", True),
        ("Which animal is this?", "400 x 300 pixels", True),
        ("Is it sharp or blurred?", "very sharp", False),
        ("", "4 shapes stand out", False),
    ],
)
def test_a_question_is_answered_by_what_was_measured_and_no_more(question: str, says: str, limits: bool):
    text = analyse([FIGURES], question, None)["text"]
    assert says in text and (LIMITS in text) is limits


def test_pictures_are_compared():
    jpeg, other = file(figures(), "JPEG", quality=90), file(Image.effect_mandelbrot((400, 300), (-2, -1.5, 1, 1.5), 60))
    data = analyse([FIGURES, FIGURES, jpeg, other], "Are they the same?", None)
    verdicts = [each["verdict"] for each in data["data"]["comparison"]]
    assert verdicts == ["identical", "nearly the same", "different"]
    assert [each["same_bytes"] for each in data["data"]["comparison"]] == [True, False, False]
    assert "Picture 4 is different from picture 1" in data["text"]


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["dominant_color", "animal"],
    "properties": {
        "dominant_color": {"type": "string"},
        "width": {"type": "integer"},
        "isDark": {"type": "boolean"},
        "brightness": {"type": "string", "enum": ["dark", "medium", "bright"]},
        "object_count": {"type": "integer"},
        "quality": {"type": "integer", "minimum": 1, "maximum": 10, "description": "How sharp it is"},
        "colors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "hex": {"type": "string"}, "percentage": {"type": "number"}},
            },
        },
        "shapes": {"type": "array", "items": {"type": "string"}},
        "animal": {"type": ["string", "null"]},
        "person": {"type": "string"},
        "age": {"type": "number", "minimum": 3},
        "camera": {"type": ["object", "null"], "properties": {"model": {"type": "string"}}},
    },
}


def test_a_schema_is_filled_from_the_facts_and_what_is_unknown_stays_empty():
    answer = analyse([FIGURES], "", SCHEMA)
    data = answer["data"]
    jsonschema_rs.validate(SCHEMA, data)
    assert (data["dominant_color"], data["width"], data["isDark"], data["brightness"], data["object_count"]) == (
        "white",
        400,
        False,
        "bright",
        4,
    )
    assert data["quality"] >= 7
    assert data["colors"][1] == {"name": "blue", "hex": "#0000ff", "percentage": 10.1}
    assert data["shapes"] == ["rectangle", "square", "circle", "triangle"]
    assert (data["animal"], data["person"], data["age"]) == (None, "", 3)
    assert "Not measurable, so empty:" in answer["text"] and "person" in answer["text"]


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "^x"}}}, "'pattern' at /properties/a"),
        ({"anyOf": [{"type": "string"}]}, "'anyOf'"),
        ({"type": "thing"}, "'type'"),
        ({"properties": {"a": {"type": "integer", "minimum": 0.2, "maximum": 0.8}}}, "/properties/a"),
        ({"properties": {"a": {"type": "string", "enum": [1, 2]}}}, "'enum' at /properties/a"),
        ({"properties": {}, "required": ["a"], "additionalProperties": False}, "requires 'a'"),
        ({"properties": {"a": True}}, "/properties/a is not an object"),
        ({"required": "a"}, "'required'"),
        ({"properties": []}, "'properties'"),
        ({"minimum": "1"}, "'minimum'"),
    ],
)
def test_a_schema_that_it_cannot_fit_is_refused_by_name(schema: dict, names: str):
    with pytest.raises(ProviderFailure) as failure:
        analyse([FIGURES], "", schema)
    assert failure.value.code == "invalid_request" and names in failure.value.message


def test_a_schema_without_end_is_refused():
    deep: dict = {"type": "string"}
    for _ in range(40):
        deep = {"type": "array", "items": deep}
    wide = {"properties": {f"p{number}": {} for number in range(600)}}
    for schema in (deep, wide):
        with pytest.raises(ProviderFailure, match="too deep or too big"):
            check_schema(schema)


NAMES = st.sampled_from(
    ["width", "colors", "brightness", "is_dark", "shapes", "camera", "cat", "size", "share", "x", "dominantColor", "pictures"]
)
SCALARS = st.builds(
    lambda kind, low, wide, bounds: {"type": kind, **({"minimum": low, "maximum": low + wide} if bounds else {})},
    st.sampled_from(["string", "boolean", "null", "number", "integer", ["integer", "null"], ["string", "number"]]),
    st.integers(-5, 500), st.integers(0, 90), st.booleans(),
)  # fmt: skip
ENUMS = st.builds(
    lambda values: {"enum": values},
    st.lists(st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text(max_size=5)), min_size=1, max_size=4),
)
SCHEMAS = st.recursive(
    st.one_of(SCALARS, ENUMS, st.just({})),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(
            lambda properties, required, rest: {"type": "object", "properties": properties, "required": [*properties][:required], **rest},
            st.dictionaries(NAMES, inner, max_size=4), st.integers(0, 3), st.sampled_from([{}, {"additionalProperties": False}]),
        ),
    ),
    max_leaves=8,
)  # fmt: skip
FEW = {**FACTS, "pictures": [FACTS], "comparison": [], "text": "It is."}


@settings(max_examples=150, deadline=None)
@given(SCHEMAS)
def test_whatever_the_schema_the_answer_is_valid(schema):
    from workers.providers.look.fill import Filler

    check_schema(schema)
    jsonschema_rs.validate(schema, Filler(FEW).value(schema))


def job(*inputs: bytes, content_type: str = "image/png", **params: object) -> Job:
    return Job(
        generation_id=UUID(int=1), attempt=1, kind="image_analysis", upstream="look-1", prompt="", negative_prompt=None, params=params,
        adapter={}, timeout_seconds=60, inputs=[Input(data=data, content_type=content_type) for data in inputs],
    )  # fmt: skip


async def test_the_provider_answers_with_text_and_data():
    result = await Look().generate(job(FIGURES, FIGURES, question="How many colours?"))
    assert (result.usage, result.artefacts) == ({"item": 1}, [])
    assert msgspec.json.decode(msgspec.json.encode(result.output)) == result.output
    assert "white (76%)" in result.output["text"] and result.output["data"]["comparison"][0]["verdict"] == "identical"
    shaped = await Look().generate(job(FIGURES, schema={"type": "object", "properties": {"width": {"type": "integer"}}}))
    assert shaped.output["data"] == {"width": 400}


@pytest.mark.parametrize("asked", [job(), job(b"x", content_type="audio/wav")], ids=["none", "sound"])
async def test_it_looks_only_at_pictures(asked: Job):
    with pytest.raises(ProviderFailure) as failure:
        await Look().generate(asked)
    assert failure.value.code == "invalid_request"


def test_lists_within_lists_do_not_grow_without_end():
    schema: dict[str, object] = {"type": "object", "properties": {"name": {"type": "string"}}}
    for _ in range(9):
        schema = {"type": "object", "properties": {"colors": {"type": "array", "items": schema}}}
    with pytest.raises(ProviderFailure, match=r"The schema asks for more than 5000 values\.") as failed:
        analyse([FIGURES], "", schema)
    assert failed.value.code == "invalid_request"
