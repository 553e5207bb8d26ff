"""Words written on a picture, in the font that Pillow brings along: white letters with a dark edge, broken into lines that fit."""

from PIL import Image, ImageDraw, ImageFont

from workers.providers.retouch.words import Step

LINES_MAX = 4


def caption(image: Image.Image, step: Step) -> Image.Image:
    written = image.copy()
    draw = ImageDraw.Draw(written)
    text, size = _fitting(draw, step.options["text"], image.width * 0.9, max(10, image.height // 9))
    font = ImageFont.load_default(size)
    edge = max(1, size // 14)
    left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=font, stroke_width=edge, align="center")
    x = (image.width - (right - left)) / 2 - left
    margin = image.height * 0.04
    y = {"top": margin, "bottom": image.height - margin - (bottom - top)}.get(
        step.options["place"], (image.height - (bottom - top)) / 2
    ) - top
    draw.multiline_text((x, y), text, font=font, fill="white", stroke_width=edge, stroke_fill="black", align="center")
    return written


def _fitting(draw: ImageDraw.ImageDraw, text: str, width: float, size: int) -> tuple[str, int]:
    """The lines and the biggest size at which they fit; at the smallest size the end may be cut off."""
    while True:
        font = ImageFont.load_default(size)
        lines = _broken(text, lambda line: draw.textlength(line, font=font) <= width)  # noqa: B023
        if (len(lines) <= LINES_MAX and all(draw.textlength(line, font=font) <= width for line in lines)) or size <= 8:
            return "\n".join(lines[:LINES_MAX]), size
        size = max(8, round(size * 0.85))


def _broken(text: str, fits) -> list[str]:  # type: ignore[no-untyped-def]
    lines: list[str] = []
    for word in text.split():
        if lines and fits(f"{lines[-1]} {word}"):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
