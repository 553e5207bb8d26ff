"""What a model with a schema of its own is told, by the fields that its row in the catalogue names."""

from typing import Any

import pytest

from domain.providers.jobs import Job
from infra.catalogue.adapter_rules import TOLD
from infra.catalogue.loader import load_catalogue
from tests.support.providers.case import job_of
from workers.providers.wire.fields import ratio_of, told, used

ALL = {
    "size": "1344x768", "count": 2, "seed": 0, "format": "jpeg", "negative_prompt": "dogs", "duration": 8, "quality": "720p",
    "voice": "calm", "speed": 1.2,
}  # fmt: skip


def asked(fields: dict[str, str], **adapter: Any) -> dict[str, Any]:
    job = job_of("image", params=ALL, adapter={"fields": fields} | adapter)
    return told(job, inputs=["https://a", "https://b"], mask="https://m")


def test_every_word_can_be_told():
    fields = {word: f"{word}_of_theirs" for word in TOLD}
    assert asked(fields).keys() == set(fields.values())


def test_what_has_no_field_is_said_or_left_out():
    job = job_of("video", params={"style": "noir", "triggers": ["rain", "thunder"], "negative_prompt": "dogs", "seed": 7})
    assert told(job) == {"prompt": "a cat\nStyle: noir.\nSound: rain, thunder.\nAvoid: dogs."}
    assert told(job_of("image", params={}, adapter={"fields": {"prompt": "text", "seed": "seed"}})) == {"text": "a cat"}


@pytest.mark.parametrize(
    ("fields", "adapter", "expected"),
    [
        ({"inputs": "images[]"}, {}, {"images": ["https://a", "https://b"]}),
        ({"inputs": "image"}, {}, {"image": "https://a"}),
        ({"mask": "masks[]"}, {}, {"masks": ["https://m"]}),
        ({"size": "image_size{}"}, {}, {"image_size": {"width": 1344, "height": 768}}),
        ({"width": "w", "height": "h"}, {}, {"w": 1344, "h": 768}),
        ({"duration": "duration"}, {"shown": {"duration": "{}s"}}, {"duration": "8s"}),
        ({"format": "format"}, {"words": {"format": {"jpeg": "jpg"}}}, {"format": "jpg"}),
        ({"seed": "seed"}, {"body": {"steps": 4}}, {"seed": 0, "steps": 4}),
    ],
)
def test_values_are_written_as_the_row_says(fields: dict[str, str], adapter: dict[str, Any], expected: dict[str, Any]):
    assert asked(fields, **adapter) == expected


@pytest.mark.parametrize(
    ("params", "ratio"),
    [
        ({"size": "1344x768"}, "16:9"),
        ({"size": "800x600"}, "4:3"),
        ({"aspect_ratio": "9:16", "size": "64x64"}, "9:16"),
        ({}, None),
        ({"size": None}, None),
    ],
)
def test_the_ratio_is_the_one_asked_for_or_that_of_the_size(params: dict[str, Any], ratio: str | None):
    assert ratio_of(job_of("image", params=params)) == ratio


@pytest.mark.parametrize(
    ("job", "usage"),
    [
        (job_of("image"), {"item": 3}),
        (job_of("video", params={"duration": 8}), {"second": 8}),
        (job_of("speech", prompt="snow 雪"), {"character": 6}),
    ],
)
def test_what_is_priced_is_counted(job: Job, usage: dict[str, int]):
    assert used(job, 3) == usage


def test_the_rows_of_the_catalogue_tell_what_their_models_know():
    models = {model.id: model for model in load_catalogue(None).models}
    picture = job_of(
        "image", adapter=models["fal/flux-schnell"].adapter, params={"size": "512x512", "count": 1, "seed": None, "format": "jpeg"}
    )
    assert told(picture) == {"prompt": "a cat", "image_size": {"width": 512, "height": 512}, "num_images": 1, "output_format": "jpeg"}
    clip = job_of("video", adapter=models["fal/veo-3-fast"].adapter, params={"duration": 8, "quality": "720p", "aspect_ratio": "9:16"})
    assert told(clip) == {"prompt": "a cat", "aspect_ratio": "9:16", "duration": "8s", "resolution": "720p"}
    edit = job_of("image_edit", adapter=models["replicate/flux-kontext-pro"].adapter, params={"size": None, "format": "jpeg"})
    assert told(edit, inputs=["https://a"]) == {"prompt": "a cat", "input_image": "https://a", "output_format": "jpg"}
