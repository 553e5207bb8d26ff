"""From inputs and words to a picture and the list of what was done. Pure: the same request gives the same bytes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PIL import Image, ImageOps

from workers.providers.look.opening import opened
from workers.providers.retouch.background import remove_background
from workers.providers.retouch.caption import caption
from workers.providers.retouch.geometry import MOVES, collage
from workers.providers.retouch.table import STYLES
from workers.providers.retouch.texture import TEXTURES
from workers.providers.retouch.tone import TONES
from workers.providers.retouch.words import Step, read, unwanted
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.encode import encode

#: Bigger inputs are shrunk first: edits work on whole pictures in memory.
SIDE_MAX = 3072
#: What a prompt gets that names nothing known.
GENTLE = (Step("more_contrast", 0.3), Step("more_saturation", 0.3), Step("sharpen", 0.5))
NOT_UNDERSTOOD = "The prompt names no operation that this editor knows, so the picture was only freshened up a little."
WHOLE = "Nothing is recognised in the picture: an operation changes all of it, or what the mask allows."


def edit(
    inputs: Sequence[bytes], mask: bytes | None, prompt: str, negative_prompt: str | None, style: str | None, size: tuple[int, int] | None,
    seed: int | None, index: int, format: str,
) -> tuple[bytes, dict[str, Any]]:  # fmt: skip
    """Picture number *index* as a file, and what was done: {"operations": [{"operation", …}], "masked", "notes": […]}.

    What *negative_prompt* names is not done.
    """
    pictures = [opened(data, SIDE_MAX) for data in inputs]
    refused = unwanted(negative_prompt)
    steps, notes = [step for step in read(prompt) if step.name not in refused], [WHOLE]
    if style in STYLES and Step("style", 1.0, {"style": style}) not in steps:
        steps.append(Step("style", 1.0, {"style": style}))
    joined = len(pictures) > 1 and any(step.name == "collage" for step in steps)
    steps = [step for step in steps if step.name != "collage"]
    if not steps and not joined:
        steps = list(GENTLE)
        notes.append(NOT_UNDERSTOOD)
    if len(pictures) > 1 and not joined:
        notes.append(f"Only the first of {len(pictures)} pictures was edited; ask for a collage to join them.")
    steps = _varied(steps, seed, index)
    image = collage(pictures) if joined else pictures[0]
    allowed = None if mask is None or joined else _mask(mask, image.size)
    for step in steps:
        image, allowed = _done(image, step, allowed)
    done = [{"operation": "collage", "pictures": len(pictures)}] if joined else []
    done += [_told(step) for step in steps]
    if size is not None and size != image.size:
        image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
        done.append({"operation": "resize_to", "width": size[0], "height": size[1]})
    return encode(_flat(image, format, notes), format), {"operations": done, "masked": allowed is not None, "notes": notes}


def _mask(data: bytes, size: tuple[int, int]) -> Image.Image:
    """White where the picture may change: where the mask is transparent, or, without transparency, where it is light."""
    mask = opened(data, SIDE_MAX)
    alpha = mask.getchannel("A")
    allowed = ImageOps.invert(alpha) if alpha.getextrema()[0] < 255 else mask.convert("L")  # type: ignore[operator]
    return allowed.resize(size, Image.Resampling.BILINEAR)


def _varied(steps: list[Step], seed: int | None, index: int) -> list[Step]:
    """The first picture without a seed is done as told; every other differs in how much."""
    if seed is None and index == 0:
        return steps
    dice = Dice(f"retouch-1/{seed}/{index}")
    return [replace(step, amount=round(step.amount * dice.child(f"{place}").between(0.7, 1.35), 3)) for place, step in enumerate(steps)]


def _done(image: Image.Image, step: Step, allowed: Image.Image | None) -> tuple[Image.Image, Image.Image | None]:
    """One step; a mask moves with its picture, and holds back everything else."""
    if step.name in MOVES:
        framed = step.name == "border"
        moved = MOVES[step.name](image, step)
        if allowed is None:
            return moved, None
        layer = Image.merge("RGBA", (allowed, allowed, allowed, Image.new("L", allowed.size, 255)))
        turned = MOVES[step.name](layer, replace(step, options={"color": "black"}) if framed else step)
        return moved, turned.getchannel("R")
    if step.name in ("caption", "remove_background"):
        changed = caption(image, step) if step.name == "caption" else remove_background(image, step)
    else:
        flat = (TONES | TEXTURES)[step.name](image.convert("RGB"), step)
        changed = flat.convert("RGBA")
        changed.putalpha(image.getchannel("A"))
    return (changed if allowed is None else Image.composite(changed, image, allowed)), allowed


def _told(step: Step) -> dict[str, Any]:
    exact = step.name in MOVES and step.name != "border"
    return {"operation": step.name, **({} if exact else {"amount": round(step.amount, 3)}), **step.options}


def _flat(image: Image.Image, format: str, notes: list[str]) -> Image.Image:
    """Without its alpha channel where nothing is transparent; JPEG gets white behind it."""
    if image.getchannel("A").getextrema()[0] == 255:
        return image.convert("RGB")
    if format != "jpeg":
        return image
    notes.append("JPEG has no transparency, so transparent parts are white.")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")
