"""Vendors' models all the way: rows of the catalogue, settings, adapters, a worker; what is stored and what is charged."""

import functools
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from daybook.providers import made
from domain.assets.asset import Asset
from domain.generations.words import Words
from domain.providers.vendors import Access
from infra.catalogue.loader import load_catalogue
from infra.outgoing.http import PinnedHttp
from tests.support.fleet import Fleet
from tests.support.media_files import media_file
from tests.support.openai_server import TEXT, OpenAIServer
from tests.support.protocol_server import PIXEL
from tests.support.providers.google_video_server import GoogleVideoServer

KEY = "sk-of-the-installation-0123"
#: A server of one's own, as the documentation shows it.
OWN = """
[[models]]
id = "own/writer"
kind = "text"
provider = "openai-compatible"
title = "Writer"
description = "Writes."
price = 1
price_unit = "token"
price_per = 1000
upstream = "vendor/model-1"
adapter = { sends = ["usage"] }
"""


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def google() -> Iterator[GoogleVideoServer]:
    with GoogleVideoServer() as running:
        running.clip = media_file("video/mp4")
        yield running


@pytest.fixture
def connected(fleet: Fleet, server: OpenAIServer, google: GoogleVideoServer, tmp_path: Path) -> Fleet:
    """The fleet with the vendors' models, whose vendors are our servers."""
    vendors = {
        "GEMINI": Access(base_url=google.url, api_key=KEY),
        "OPENAI": Access(base_url=server.url, api_key=KEY),
        "OPENAI_COMPATIBLE": Access(base_url=server.url, api_key=KEY),
    }
    (tmp_path / "own.toml").write_text(OWN)
    fleet.platform = replace(
        fleet.platform,
        catalogue=load_catalogue(tmp_path / "own.toml", open_providers={"gemini", "google-video", "openai", "openai-compatible"}),
        make_providers=functools.partial(made, vendors=vendors, outgoing_allow=[]),
        outgoing=PinnedHttp(allow=[server.authority]),
    )
    return fleet


async def ask(fleet: Fleet, account: UUID, kind: str, model: str, params: dict[str, Any], words: Words, rate: int, **more: Any) -> UUID:
    """As the API does, with what is sealed apart."""
    row = fleet.platform.catalogue.model(kind, model)
    asked = {
        "kind": kind,
        "queue": kind,
        "provider": row.provider,
        "params": params,
        "sealed": words.sealed(await fleet.vault.key(account)),
    }
    priced = {"quoted": 50, "rate": rate, "rate_unit": row.price_unit, "rate_per": row.price_per}
    return await fleet.submit(account, model, **asked, **priced, **more)


async def test_a_text_an_edit_and_a_clip_are_made_stored_and_charged(
    connected: Fleet, server: OpenAIServer, google: GoogleVideoServer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    fleet, account = connected, await connected.account(credits=200)
    text_words = Words(prompt="Write.", private={"messages": [], "system": "Be brief.", "temperature": None})
    picture = [{"url": f"{server.origin}/image.png"}]
    edit_words = Words(prompt="Paint it blue.", private={"negative_prompt": None, "mask": None}, inputs=picture)
    clip_words = Words(prompt="A boat.", private={"triggers": ["waves"]})
    drawn = {"size": "1024x1024", "count": 2, "format": "png"}
    video = {"duration": 8, "quality": "720p", "aspect_ratio": "16:9", "seed": None}
    async with fleet.working():
        text = await ask(fleet, account, "text", "own/writer", {"max_tokens": 100, "stream": True}, text_words, 1)
        edit = await ask(fleet, account, "image_edit", "openai/gpt-image-2-edit", drawn, edit_words, 6, inputs=[{"url": None}])
        clip = await ask(fleet, account, "video", "google/omni-1.1-flash", video, clip_words, 3)
        await fleet.when(clip, lambda found: found.sealed_job is not None)
        await fleet.change_work(clip, "poll_at = clock_timestamp()")
        found = await fleet.final(text, edit, clip)
    assert [(each.status, each.charged) for each in found] == [("succeeded", 1), ("succeeded", 12), ("succeeded", 24)]
    written, edited, filmed = found
    output = json.loads((await fleet.vault.key(account)).open(written.sealed_output))
    assert output == {"text": TEXT, "finish_reason": "stop"}
    assert [await kept(fleet, asset) for asset in edited.asset_ids] == [PIXEL, PIXEL]
    assert [await kept(fleet, asset) for asset in filmed.asset_ids] == [google.clip]
    assert server.asked("generate")[0].headers["Authorization"] == f"Bearer {KEY}"
    assert google.asked("submit")[0].body["input"] == "A boat.\nSound: waves.\nLength: 8 seconds."
    assert {request.headers.get("x-goog-api-key") for request in google.requests} == {KEY}
    # The caller's picture was fetched without any key.
    assert [request.headers.get("Authorization") for request in server.asked("link")] == [None]
    assert KEY not in caplog.text


async def kept(fleet: Fleet, asset_id: UUID) -> bytes:
    asset = await fleet.world.journal.load(Asset, asset_id)
    assert asset is not None
    return await fleet.platform.objects.get(asset.object_key)
