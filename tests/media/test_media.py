"""Bytes that providers return: what is stored, what is refused and why, and the small picture of it."""

import pickle
import struct
import tracemalloc
import zlib
from hashlib import sha256
from io import BytesIO
from random import Random

import numpy as np
import pytest
from PIL import Image

from domain.assets.media import FAULTS, Examined, MediaRejected
from domain.kernel import limits
from infra.media import looking, pictures
from infra.media.magic import content_type_of

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}


def picture(format: str = "PNG", size: tuple[int, int] = (120, 80), mode: str = "RGB", **options: object) -> bytes:
    values = np.random.RandomState(1).randint(0, 255, (size[1], size[0], 3), np.uint8)
    out = BytesIO()
    Image.fromarray(values).convert(mode).save(out, format, **options)
    return out.getvalue()


def animation(format: str) -> bytes:
    frames = [Image.new("RGB", (32, 32), color) for color in ("red", "blue", "green")]
    out = BytesIO()
    frames[0].save(out, format, save_all=True, append_images=frames[1:], duration=50)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_size(width: int, height: int, rows: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def check_image(data: bytes, declared: str | None = None) -> Examined:
    return looking.examine(data, declared)


def thumbnail(data: bytes) -> bytes:
    return pictures.thumbnail(data, content_type_of(data))


def code_of(data: bytes, declared: str | None = None) -> str:
    with pytest.raises(MediaRejected) as refusal:
        check_image(data, declared)
    return refusal.value.fault


@pytest.mark.parametrize("format", FORMATS)
def test_a_whole_image_is_taken_and_measured(format: str):
    data = picture(format)
    found = check_image(data, FORMATS[format])
    assert (found.content_type, found.width, found.height) == (FORMATS[format], 120, 80)
    assert (found.bytes, found.sha256) == (len(data), sha256(data).hexdigest())


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "I;16", "CMYK", "LA"])
def test_every_usual_mode_is_taken(mode: str):
    if mode == "I;16":
        out = BytesIO()
        Image.fromarray(np.arange(80 * 120, dtype=np.uint16).reshape(80, 120)).save(out, "PNG")
        data = out.getvalue()
    else:
        data = picture("JPEG" if mode == "CMYK" else "PNG", mode=mode)
    assert check_image(data).width == 120
    assert Image.open(BytesIO(thumbnail(data))).size == (120, 80)


def test_a_progressive_jpeg_with_restarts_is_taken():
    assert check_image(picture("JPEG", (200, 100), progressive=True)).width == 200
    assert check_image(picture("JPEG", (200, 100), restart_marker_rows=1)).width == 200


def test_a_wrong_image_type_is_corrected_by_the_bytes():
    assert check_image(picture("JPEG"), "image/png").content_type == "image/jpeg"
    assert check_image(picture("PNG"), "application/octet-stream").content_type == "image/png"


def test_a_declared_type_that_is_no_image_is_refused():
    assert code_of(picture("PNG"), "text/html") == "unknown_type"


@pytest.mark.parametrize(
    "data",
    [
        b"<html>",
        b"GIF88a" + b"\0" * 50,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"RIFF\0\0\0\0AVI ",
        b"BM" + b"\0" * 60,
        b"\x89PN",
    ],
)
def test_other_magic_bytes_are_refused(data: bytes):
    assert code_of(data, "image/png") == "unknown_type"


def test_no_bytes_are_no_image():
    assert code_of(b"") == "empty"


def test_more_bytes_than_the_limit_are_refused_unread():
    with pytest.raises(MediaRejected) as refusal:
        looking.examine(picture() * 2, None, 1_000)
    assert refusal.value.fault == "too_large"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7, 0.97])
def test_a_truncated_image_is_refused(format: str, kept: float):
    data = picture(format)
    assert code_of(data[: max(13, int(len(data) * kept))]) == "truncated"


@pytest.mark.parametrize("format", FORMATS)
def test_an_image_without_its_last_byte_is_refused(format: str):
    assert code_of(picture(format)[:-1]) == "truncated"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("junk", [b"\n", b"<script>alert(1)</script>", b"PK\x03\x04", b"\xff\xd9"])
def test_anything_behind_the_image_is_refused(format: str, junk: bytes):
    assert code_of(picture(format) + junk) == "trailing_data"


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_an_animation_is_refused(format: str):
    assert code_of(animation(format)) == "animated"


def test_a_gif_may_move_with_so_many_frames(monkeypatch: pytest.MonkeyPatch):
    moving = animation("GIF")
    assert check_image(moving).content_type == "image/gif"
    assert Image.open(BytesIO(thumbnail(moving))).size == (32, 32)
    monkeypatch.setattr(limits, "ANIMATION_FRAMES_MAX", 2)
    assert code_of(moving) == "too_many_frames"


def test_the_frames_of_a_gif_count_together(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "IMAGE_PIXELS_MAX", 32 * 32)
    monkeypatch.setattr(limits, "ANIMATION_PIXELS_MAX", 3 * 32 * 32 - 1)
    assert code_of(animation("GIF")) == "too_many_pixels"


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (8_001, 8_000), (20_000, 1), (1, 16_385)])
def test_a_bomb_is_refused_by_its_header_without_being_decoded(width: int, height: int):
    tracemalloc.start()
    assert code_of(png_of_size(width, height)) in ("too_many_pixels", "broken")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_bomb_is_refused_by_the_thumbnail_too():
    with pytest.raises(MediaRejected):
        thumbnail(png_of_size(50_000, 50_000))


def test_the_limit_of_pixels_itself_is_allowed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "IMAGE_PIXELS_MAX", 120 * 80)
    assert check_image(picture()).width == 120
    monkeypatch.setattr(limits, "IMAGE_PIXELS_MAX", 120 * 80 - 1)
    assert code_of(picture()) == "too_many_pixels"


def test_a_text_chunk_that_unpacks_to_a_flood_is_refused():
    flood = chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 80_000_000))
    data = picture()
    assert code_of(data[:33] + flood + data[33:]) == "broken"


def test_rows_that_are_missing_from_a_well_formed_file_are_noticed():
    assert code_of(png_of_size(100, 100, b"\0" * 301 * 99)) == "truncated"
    assert check_image(png_of_size(100, 100, b"\0" * 301 * 100)).height == 100


def test_an_interlaced_image_is_taken():
    # Six of the seven passes have pixels of a 5 x 3 picture; every row begins with its filter.
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 3, 8, 2, 0, 0, 1))
    rows = b"\0\1\2\3" + b"\0\4\5\6" + (b"\0" + b"\7" * 3) + (b"\0" + b"\7" * 9) + (b"\0" + b"\7" * 6) * 2 + (b"\0" + b"\7" * 15)
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert check_image(data).width == 5


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_bytes_are_taken_or_refused_but_never_a_crash(format: str):
    data, chance, outcomes = picture(format, (40, 30)), Random(4), set()
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            outcomes.add(check_image(bytes(damaged)).content_type)
        except MediaRejected as refusal:
            outcomes.add(refusal.fault)
    assert outcomes <= {FORMATS[format], *FAULTS}


def test_a_sideways_photo_is_measured_and_shown_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = picture("JPEG", (120, 80), exif=exif.tobytes())
    found = check_image(data)
    assert (found.width, found.height) == (80, 120)
    assert Image.open(BytesIO(thumbnail(data))).size == (80, 120)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("size", "small"), [((1024, 1024), (512, 512)), ((2000, 500), (512, 128)), ((100, 50), (100, 50)), ((3, 2000), (1, 512))]
)
def test_a_thumbnail_fits_into_512_and_is_never_enlarged(format: str, size: tuple[int, int], small: tuple[int, int]):
    image = Image.open(BytesIO(thumbnail(picture(format, size))))
    assert (image.format, image.size) == ("WEBP", small)


def test_a_thumbnail_keeps_transparency_and_drops_metadata():
    out = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    Image.new("RGBA", (300, 300), (255, 0, 0, 0)).save(out, "PNG", exif=exif.tobytes())
    data = thumbnail(out.getvalue())
    assert b"where I live" not in data
    assert Image.open(BytesIO(data)).convert("RGBA").getpixel((5, 5))[3] == 0


def test_a_thumbnail_is_the_same_bytes_every_time():
    data = picture("PNG", (900, 700))
    assert thumbnail(data) == thumbnail(data)


@pytest.mark.parametrize("code", FAULTS)
def test_a_refusal_survives_the_way_out_of_a_child_process(code: str):
    refusal = pickle.loads(pickle.dumps(MediaRejected(code)))
    assert (type(refusal), refusal.fault, str(refusal)) == (MediaRejected, code, FAULTS[code])
