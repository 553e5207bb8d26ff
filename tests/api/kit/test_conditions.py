"""ETags: what is unchanged need not be sent, what has changed is not overwritten."""

import pytest

from api.kit.etags import matches
from tests.api.kit import tiny
from tests.api.kit.tiny import THING, TINY
from tests.support.api_world import bearer, fake_platform, served

WHERE = f"/v1/things/{THING}"


@pytest.fixture
async def client():
    async with served(TINY, fake_platform()) as client:
        yield client


async def test_a_single_resource_has_a_strong_etag(client):
    etag = (await client.get(WHERE, headers=bearer("alice"))).headers["etag"]
    assert etag.startswith('"')
    assert etag.endswith('"')


async def test_what_one_has_is_answered_with_304_and_no_body(client):
    etag = (await client.get(WHERE, headers=bearer("alice"))).headers["etag"]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = await client.get(WHERE, headers=bearer("alice", **{"If-None-Match": sent}))
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)


async def test_another_version_is_sent_whole(client):
    response = await client.get(WHERE, headers=bearer("alice", **{"If-None-Match": '"other"'}))
    assert (response.status_code, response.json()["name"]) == (200, "one")


async def test_progress_and_queue_position_are_no_part_of_the_version(client, monkeypatch):
    before = await client.get(WHERE, headers=bearer("alice"))
    monkeypatch.setattr(tiny, "PROGRESS", 0.9)
    after = await client.get(WHERE, headers=bearer("alice"))
    assert before.json()["progress"] != after.json()["progress"]
    assert before.headers["etag"] == after.headers["etag"]


async def test_a_write_on_the_version_one_saw_passes(client):
    etag = (await client.get(WHERE, headers=bearer("alice"))).headers["etag"]
    for sent in (etag, "*"):
        response = await client.patch(WHERE, json={"name": "two"}, headers=bearer("alice", **{"If-Match": sent}))
        assert response.status_code == 200


@pytest.mark.parametrize("weaken", [False, True])
async def test_a_write_on_another_version_is_a_412(client, weaken):
    etag = (await client.get(WHERE, headers=bearer("alice"))).headers["etag"]
    sent = f"W/{etag}" if weaken else '"old"'
    response = await client.patch(WHERE, json={"name": "two"}, headers=bearer("alice", **{"If-Match": sent}))
    assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")


async def test_a_condition_on_what_is_not_there_is_a_404(client):
    other = WHERE[:-1] + "2"
    response = await client.patch(other, json={"name": "two"}, headers=bearer("alice", **{"If-Match": "*"}))
    assert response.status_code == 404


def test_strong_comparison_never_matches_a_weak_tag():
    assert matches('W/"a"', '"a"', weak=True)
    assert not matches('W/"a"', '"a"', weak=False)
