"""GET /v1/assets/{id}/content?width&format: made when first asked for, once, bounded, and gone with the asset"""

from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.support.api_words import problem
from tests.support.media_files import media_file, moving_gif
from tests.support.uploading import content_of, uploaded

pytestmark = pytest.mark.asyncio(loop_scope="module")
PNG = media_file("image/png", width=600, height=400)


async def picture(house, person, shown, **query):
    return Image.open(BytesIO(await content_of(house, person, shown, **query)))


async def kept(house, shown):
    return [found.key.rpartition("/")[2] async for found in house.platform.objects.list(f"assets/{shown['id']}/renditions/")]


@pytest.mark.parametrize(
    ("asked", "size", "format"),
    [
        ({"width": 300}, (300, 200), "PNG"),
        ({"width": 1}, (1, 1), "PNG"),
        ({"format": "jpeg"}, (600, 400), "JPEG"),
        ({"format": "webp", "width": 120}, (120, 80), "WEBP"),
        ({"width": 2048}, (600, 400), "PNG"),
        ({"width": 601, "format": "webp"}, (600, 400), "WEBP"),
    ],
)
async def test_an_image_comes_in_another_width_and_format_but_never_wider_than_it_is(house, alice, asked, size, format):
    found = await picture(house, alice, await uploaded(house, alice, PNG), **asked)
    assert (found.size, found.format) == (size, format)


async def test_what_is_the_original_already_is_not_made(house, alice):
    shown = await uploaded(house, alice, PNG)
    assert await content_of(house, alice, shown, width=600, format="png") == PNG
    assert await kept(house, shown) == []


async def test_a_photo_from_the_side_is_upright_and_says_nothing_of_where_it_was_taken(house, alice):
    out, exif = BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where I live"
    Image.open(BytesIO(PNG)).convert("RGB").save(out, "JPEG", exif=exif.tobytes())
    shown = await uploaded(house, alice, out.getvalue())
    assert ((shown["width"], shown["height"]), await content_of(house, alice, shown)) == ((400, 600), out.getvalue())
    data = await content_of(house, alice, shown, width=200)
    assert (Image.open(BytesIO(data)).size, b"where I live" in data) == ((200, 300), False)


async def test_of_a_moving_gif_it_is_the_first_picture(house, alice):
    found = await picture(house, alice, await uploaded(house, alice, moving_gif()), width=16)
    assert (found.size, found.format, getattr(found, "n_frames", 1)) == ((16, 12), "PNG", 1)


async def test_only_images_have_renditions(house, alice):
    shown = await uploaded(house, alice, media_file("audio/wav"))
    answer = await house.client.get(urlsplit(shown["content_url"]).path, params={"width": 100}, headers=alice.headers)
    problem(answer, 422, "rendition_refused")


@pytest.mark.parametrize("query", ["width=0", "width=2049", "width=x", "format=gif", "format=svg", "height=9"])
async def test_what_cannot_be_asked_for_is_refused(house, alice, query):
    shown = await uploaded(house, alice, PNG)
    problem(await house.client.get(f"{urlsplit(shown['content_url']).path}?{query}", headers=alice.headers), 422, "validation_failed")


async def test_only_so_many_are_kept_and_the_oldest_goes(house, alice, monkeypatch):
    monkeypatch.setattr("api.renditions.RENDITIONS_MAX", 2)
    shown = await uploaded(house, alice, PNG)
    for width in (10, 20, 30):
        await picture(house, alice, shown, width=width)
    assert await kept(house, shown) == ["w20.png", "w30.png"]
    assert (await picture(house, alice, shown, width=10)).size == (10, 7)
