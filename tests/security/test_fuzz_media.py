"""Damaged files of every type, in a child process as the API looks at them: taken or refused, the child lives, its memory stays bounded."""

import random
import resource

import pytest

from domain.assets.media import MediaRejected
from infra.media.looking import examine
from tests.security.fuzzing import SEED
from tests.support.media_files import media_file
from workers.children import Children

TYPES = [
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "video/mp4",
    "video/webm",
    "audio/mpeg",
    "audio/wav",
    "audio/ogg",
]


def look_at_damaged(good: bytes, seed: int, count: int) -> tuple[int, int, int]:
    """Runs in the child: how many were taken, how many refused, and the most memory that it had, in bytes."""
    chance = random.Random(seed)
    taken = refused = 0
    for _ in range(count):
        try:
            examine(damaged_by(chance, good))
            taken += 1
        except MediaRejected:
            refused += 1
    return taken, refused, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def damaged_by(chance: random.Random, good: bytes) -> bytes:
    data = bytearray(good)
    for _ in range(chance.choice([1, 1, 2, 8])):
        at, size = chance.randrange(len(data)), chance.choice([1, 1, 2, 4, 64])
        match chance.randrange(4):
            case 0:
                data[at : at + size] = chance.randbytes(size)
            case 1:
                # Sizes and counts, as large as they can be.
                data[at : at + 4] = b"\xff\xff\xff\xff"
            case 2:
                del data[at : at + size]
            case _:
                data[at:at] = data[at : at + size]
        if not data:
            return b"\0"
    return bytes(data)


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("count", [pytest.param(2_000, marks=pytest.mark.long)])
async def test_damaged_files_end_no_child(content_type, count):
    children = Children(1)
    try:
        taken, refused, most = await children(look_at_damaged, media_file(content_type), SEED, count)
    finally:
        children.close()
    assert taken + refused == count and refused > 0
    assert most < 1 << 30
