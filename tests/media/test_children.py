"""Looking at files in child processes: what is slow, too big for memory or deadly harms nobody else"""

import asyncio
import os

import pytest

from daybook.media import looking_at_media
from domain.assets.media import MediaRejected
from domain.assets.storage import MediaBusy
from domain.kernel import limits
from domain.kernel.processes import ChildDied
from infra.media import looking
from infra.media.media import ChildMedia
from tests.support.media_files import media_file
from workers.children import Children


@pytest.fixture
def media():
    with looking_at_media() as made:
        yield made


async def test_a_file_and_its_bytes_are_the_same(media, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(media_file("image/png"))
    assert await media.examine(path) == await media.examine(media_file("image/png"), "image/jpeg")


async def test_a_refusal_comes_out_of_the_child(media):
    with pytest.raises(MediaRejected) as refusal:
        await media.examine(b"nothing")
    assert refusal.value.fault == "unknown_type"


async def test_what_takes_too_long_is_ended_and_others_go_on(monkeypatch, tmp_path):
    endless = tmp_path / "pipe"
    os.mkfifo(endless)
    children = Children(2)
    media = ChildMedia(children, at_once=2)
    await media.examine(media_file("image/png"))
    with monkeypatch.context() as patch:
        patch.setattr(limits, "MEDIA_SECONDS_MAX", 0.5)
        stuck = asyncio.create_task(media.examine(endless))
        # Its time begins with it.
        await asyncio.sleep(0)
    assert (await media.examine(media_file("image/png"))).width == 96
    with pytest.raises(MediaRejected) as refusal:
        await stuck
    assert refusal.value.fault == "too_slow"
    assert (await media.examine(media_file("image/gif"))).kind == "image"
    children.close()


async def test_too_many_that_wait_are_told_so(monkeypatch, media):
    monkeypatch.setattr(limits, "MEDIA_WAITING_MAX", 2)
    asked = [asyncio.create_task(media.examine(media_file("image/png"))) for _ in range(4)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(answer, MediaBusy) for answer in answers] == [False, False, True, True]


async def test_a_child_that_dies_is_the_misfortune_of_one_file():
    children = Children(1)
    with pytest.raises(ChildDied):
        await children(os._exit, 1)
    assert (await ChildMedia(children, at_once=1).examine(media_file("image/png"))).height == 64
    children.close()


def test_memory_is_bounded_while_a_file_is_looked_at(monkeypatch):
    monkeypatch.setattr(limits, "MEDIA_MEMORY_BYTES_MAX", 20 << 20)
    with pytest.raises(MemoryError), looking._bounded_memory():
        bytearray(200 << 20)
    assert len(bytearray(200 << 20)) == 200 << 20
