"""The background made transparent: everything like the corners that hangs together with the edge of the picture."""

import numpy as np
from PIL import Image, ImageFilter

from workers.providers.look.blobs import labelled
from workers.providers.retouch.words import Step

#: Connections are looked for in a picture this small.
SIDE = 320
#: How far a colour may be from a corner's, of 441.
DISTANCE = 58.0


def remove_background(image: Image.Image, step: Step) -> Image.Image:
    """No object is recognised: a background that is not plain stays where it differs from all corners."""
    pixels = np.asarray(image.convert("RGB"), np.float32)
    corners = _corners(pixels)
    like = np.full(pixels.shape[:2], np.inf, np.float32)
    for corner in corners:
        like = np.minimum(like, np.sqrt(((pixels - corner) ** 2).sum(axis=2)))
    near = like < DISTANCE * min(1.5, step.amount)
    scale = min(1.0, SIDE / max(image.size))
    small_size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = np.asarray(Image.fromarray(near).convert("L").resize(small_size, Image.Resampling.BOX)) > 127
    labels = labelled(small)
    outside = set(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]).tolist()) - {0}
    reached = Image.fromarray(np.isin(labels, sorted(outside))).convert("L").filter(ImageFilter.MaxFilter(3))
    gone = near & (np.asarray(reached.resize(image.size, Image.Resampling.BILINEAR)) > 60)
    kept = Image.fromarray(~gone).convert("L").filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.GaussianBlur(0.7))
    cut = image.copy()
    cut.putalpha(Image.fromarray(np.minimum(np.asarray(kept), np.asarray(image.getchannel("A")))))
    return cut


def _corners(pixels: np.ndarray) -> list[np.ndarray]:
    """The middle colour of a small patch in each corner."""
    patch = max(1, min(pixels.shape[:2]) // 40)
    places = ((slice(0, patch), slice(-patch, None))) if patch else ()
    return [np.median(pixels[rows, columns].reshape(-1, 3), axis=0) for rows in places for columns in places]
