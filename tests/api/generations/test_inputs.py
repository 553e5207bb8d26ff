"""Inputs of a submission: the caller's own pictures, and nothing else. The worker looks again."""

from uuid import uuid4

import pytest

from daybook.bootstrap import worker_platform
from daybook.settings import load
from domain.generations.generation import Generation
from domain.generations.words import Words
from tests.support.api_house import house_environment
from tests.support.api_words import problem
from tests.support.media_files import media_file
from workers.failures import AttemptFailed
from workers.inputs import Inputs

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def uploaded(house, person, content_type):
    files = {"file": ("input", media_file(content_type), content_type)}
    answer = await house.client.post("/v1/assets", files=files, headers=person.headers)
    assert answer.status_code == 201, answer.text
    return {"asset_id": answer.json()["id"]}


async def submit(house, person, **fields):
    return await house.client.post("/v1/generations", json={"prompt": "make it warmer", **fields}, headers=person.headers)


@pytest.mark.parametrize("kind", ["image_analysis", "image_edit", "video"])
async def test_an_input_must_be_a_picture(house, alice, kind):
    sound = await uploaded(house, alice, "audio/wav")
    answer = await submit(house, alice, kind=kind, inputs=[sound])
    (error,) = problem(answer, 422, "want_refused")["errors"]
    assert error == {"pointer": "/inputs/0/asset_id", "detail": "must be a picture"}


async def test_a_mask_must_be_a_picture_of_ones_own(house, alice, bob):
    picture, clip = await uploaded(house, alice, "image/png"), await uploaded(house, alice, "video/mp4")
    for mask, sentence in ((clip, "must be a picture"), (await uploaded(house, bob, "image/png"), "you have no such asset")):
        answer = await submit(house, alice, kind="image_edit", inputs=[picture], params={"mask": mask})
        assert problem(answer, 422, "want_refused")["errors"] == [{"pointer": "/params/mask/asset_id", "detail": sentence}]
    assert (await submit(house, alice, kind="image_edit", inputs=[picture], params={"mask": picture})).status_code == 202


async def test_the_worker_takes_pictures_only_and_names_the_input(house, alice, database_url, redis_url, database_folder):
    picture, sound = await uploaded(house, alice, "image/png"), await uploaded(house, alice, "audio/wav")
    generation = await house.platform.journal.load(Generation, await house.generation(alice))
    async with worker_platform(load(house_environment(database_url, redis_url, database_folder)), "worker") as platform:
        inputs = Inputs(platform)
        (found,) = await inputs.of(generation, Words(prompt="", inputs=[picture]))
        assert (found.content_type, found.data) == ("image/png", media_file("image/png"))
        for words, sentence in (
            (Words(prompt="", inputs=[picture, sound]), "Input 2 is no picture."),
            (Words(prompt="", inputs=[{"asset_id": str(uuid4())}]), "Input 1 was deleted before the work began."),
        ):
            with pytest.raises(AttemptFailed) as failed:
                await inputs.of(generation, words)
            assert (failed.value.code, failed.value.retryable, str(failed.value)) == ("input_unusable", False, sentence)
        with pytest.raises(AttemptFailed, match=r"The mask is no picture\."):
            await inputs.mask_of(generation, Words(prompt="", inputs=[picture], private={"mask": sound}))
        others = Words(prompt="", inputs=[await uploaded(house, await house.person(), "image/png")])
        with pytest.raises(AttemptFailed, match="Input 1 was deleted"):
            await inputs.of(generation, others)


async def test_a_link_to_an_asset_of_ones_own_is_that_asset(house, alice, bob):
    own = (await uploaded(house, alice, "image/png"))["asset_id"]
    signed = (await house.client.get(f"/v1/assets/{own}/content?redirect=false", headers=alice.headers)).json()["url"]
    base = f"{house.platform.public_url}/v1/assets/{own}"
    for url in (base, f"{base}/content", signed):
        answer = await submit(house, alice, kind="image_edit", inputs=[{"url": url}])
        assert (answer.status_code, answer.json()["inputs"]) == (202, [{"asset_id": own}]), answer.text
    # Somebody else's stays a link, and ours are not public.
    for url, person in ((signed, bob), (f"https://127.0.0.1/assets/{own}/original.png", alice), (f"{base}/thumbnail", alice)):
        problem(await submit(house, person, kind="image_edit", inputs=[{"url": url}]), 422, "url_refused")
