"""The story, in order. Every number it shows comes from the API."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from daybook.demo.book import show_book
from daybook.demo.client import Client, Refused
from daybook.demo.counter import Operator, lapse, refund
from daybook.demo.disappointed import Disappointed
from daybook.demo.pictures import PICTURES, Picture
from daybook.demo.screen import Screen
from daybook.demo.till import buy

POLL_SECONDS = 0.15
DONE_SECONDS = 90.0
FINAL = ("succeeded", "failed", "canceled")

Generation = dict[str, Any]


class Told(NamedTuple):
    """What the story leaves behind: whose it was, the position of one charge, and the folder of its files."""

    account_id: str
    charged_at: int
    folder: Path


def tell(url: str, folder: Path, screen: Screen, operator: Operator | None = None) -> Told | None:
    """Tell it against *url*, files below *folder*; what needs *operator* is left out without one.

    None, with the reason shown, when it cannot be told to its end.
    """
    try:
        with Client(url) as client, Client(url) as desk:
            if operator is not None:
                desk.login(operator.email, operator.password)
            return _tell(client, None if operator is None else desk, folder / secrets.token_hex(4), screen)
    except (Refused, Disappointed, httpx.HTTPError) as error:
        screen.line(f"failed    {error or type(error).__name__}")
        return None


def _tell(client: Client, desk: Client | None, folder: Path, screen: Screen) -> Told:
    """*desk* is the operator's."""
    account = client.register()
    screen.line(f"account   {account['email']}")
    screen.line(f"welcome   {client.get('/v1/credits/balance')['available']} credits")
    lapsing = None if desk is None else lapse(desk, account["id"], screen)
    run = folder.name
    asked = [_submit(client, picture, f"demo-{run}-{number}", screen) for number, picture in enumerate(PICTURES, 1)]
    done = _wait(client, asked, screen)
    for number, (picture, generation) in enumerate(zip(PICTURES, done, strict=True), 1):
        _save(client, generation, folder / f"{number}-{picture.word}-{picture.style}.png", screen)
    _repeat(client, asked[0], f"demo-{run}-1", screen)
    if lapsing is not None:
        lapsing.wait(client, screen)
    _settled(client, screen)
    screen.line("")
    if desk is not None:
        refund(desk, asked[0]["id"], screen)
    buy(client, screen)
    return Told(account["id"], show_book(client, screen)["capture"], folder)


def _submit(client: Client, picture: Picture, key: str, screen: Screen) -> Generation:
    generation, _ = client.submit(picture.body(), key)
    screen.line(f"asked     {picture.prompt} ({picture.style}): {generation['id']}, {generation['credits']['held']} credits held")
    return generation


def _wait(client: Client, asked: Sequence[Generation], screen: Screen) -> list[Generation]:
    """Until all are final, with one request for all of them at a time."""
    until = time.monotonic() + DONE_SECONDS
    with screen.progress([f"{picture.word} ({picture.style})" for picture in PICTURES]) as progress:
        while time.monotonic() < until:
            listed = {each["id"]: each for each in client.get("/v1/generations", limit=len(asked))["data"]}
            now = [listed.get(each["id"], each) for each in asked]
            for index, generation in enumerate(now):
                progress.show(index, generation["status"], 1.0 if generation["status"] in FINAL else generation["progress"] or 0.0)
            if all(generation["status"] in FINAL for generation in now):
                break
            time.sleep(POLL_SECONDS)
        else:
            raise Disappointed(f"not done after {DONE_SECONDS:.0f} s")
    for generation in now:
        if generation["status"] != "succeeded":
            raise Disappointed(f"{generation['id']} {generation['status']}: {(generation['error'] or {}).get('message', '')}")
    return now


def _save(client: Client, generation: Generation, file: Path, screen: Screen) -> None:
    asset = generation["assets"][0]
    content = client.content(asset)
    digest = hashlib.sha256(content).hexdigest()
    if digest != asset["sha256"]:
        raise Disappointed(f"the bytes of {asset['id']} have sha256 {digest}, the API named {asset['sha256']}")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_bytes(content)
    screen.line(f"saved     {file}")
    screen.line(f"          {asset['width']} x {asset['height']}, {len(content)} bytes, sha256 {digest} as the API named it")


def _repeat(client: Client, first: Generation, key: str, screen: Screen) -> None:
    """The same request under the same key, as after a lost answer."""
    again, replayed = client.submit(PICTURES[0].body(), key)
    if not replayed or again["id"] != first["id"]:
        raise Disappointed("the same Idempotency-Key made another generation")
    screen.line(f"repeated  the first request under its Idempotency-Key: the same generation {again['id']}, nothing charged twice")


def _settled(client: Client, screen: Screen) -> None:
    balance = client.get("/v1/credits/balance")
    screen.line("")
    screen.line(f"balance {balance['available']} credits, {balance['held']} held")
    for entry in reversed(client.get("/v1/credits/history", type="capture")["data"]):
        screen.line(f"charge {entry['amount']} credits for {entry['generation_id']}")
    for row in client.get("/v1/me/usage", group_by="kind")["data"]:
        screen.line(f"usage {row['kind']}: {row['succeeded']} succeeded, {row['spent']} credits")
