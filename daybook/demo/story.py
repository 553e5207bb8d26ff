"""The story, in order. Every number it shows comes from the API."""

import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from daybook_client import Daybook, Generation, Problem, Unfinished, Unreachable

from daybook.demo.book import show_book
from daybook.demo.counter import Operator, lapse, refund
from daybook.demo.disappointed import Disappointed
from daybook.demo.kinds import every_kind
from daybook.demo.moments import in_its_time
from daybook.demo.pictures import PICTURES, Picture
from daybook.demo.receiver import Receiver
from daybook.demo.saving import save
from daybook.demo.screen import Screen
from daybook.demo.till import buy

POLL_SECONDS = 0.15
#: Who reaches nobody hears so soon.
TRIES = 3
DONE_SECONDS = 90.0
FINAL = ("succeeded", "failed", "canceled")


class Told(NamedTuple):
    """What the story leaves behind: whose it was, the position of one charge, and the folder of its files."""

    account_id: str
    charged_at: int
    folder: Path


def tell(url: str, folder: Path, screen: Screen, operator: Operator | None = None, receiver: Receiver | None = None) -> Told | None:
    """Tell it against *url*, files below *folder*; what needs *operator* or *receiver* is left out without one.

    None, with the reason shown, when it cannot be told to its end.
    """
    try:
        with Daybook(url, tries=TRIES) as client, Daybook(url, tries=TRIES) as desk:
            if operator is not None:
                desk.login(operator.email, operator.password)
            return _tell(client, None if operator is None else desk, folder / secrets.token_hex(4), screen, receiver)
    except (Problem, Unreachable, Unfinished, Disappointed) as error:
        screen.line(f"failed    {error or type(error).__name__}")
        return None


def _tell(client: Daybook, desk: Daybook | None, folder: Path, screen: Screen, receiver: Receiver | None) -> Told:
    """*desk* is the operator's."""
    account = client.register(f"demo-{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(16), "Demo")
    screen.line(f"account   {account['email']}")
    screen.line(f"welcome   {client.get('/v1/credits/balance')['available']} credits")
    lapsing = None if desk is None else lapse(desk, account["id"], screen)
    run = folder.name
    asked = [_submit(client, picture, f"demo-{run}-{number}", screen) for number, picture in enumerate(PICTURES, 1)]
    done = _wait(client, asked, screen)
    files = [folder / f"{number}-{picture.word}-{picture.style}.png" for number, picture in enumerate(PICTURES, 1)]
    for file, generation in zip(files, done, strict=True):
        save(client, generation["assets"][0], file, screen)
    _repeat(client, asked[0], f"demo-{run}-1", screen)
    if lapsing is not None:
        lapsing.wait(client, screen)
    _settled(client, screen)
    screen.line("")
    if desk is not None:
        refund(desk, asked[0]["id"], screen)
    if buy(client, screen):
        if receiver is not None:
            receiver.register(client, screen)
        every_kind(client, files[0], folder, screen)
        in_its_time(client, screen)
        if receiver is not None:
            receiver.wait(screen)
    return Told(account["id"], show_book(client, screen)["capture"], folder)


def _submit(client: Daybook, picture: Picture, key: str, screen: Screen) -> Generation:
    generation = client.submit(**picture.body(), key=key)
    screen.line(f"asked     {picture.prompt} ({picture.style}): {generation['id']}, {generation['credits']['held']} credits held")
    return generation


def _wait(client: Daybook, asked: Sequence[Generation], screen: Screen) -> list[Generation]:
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


def _repeat(client: Daybook, first: Generation, key: str, screen: Screen) -> None:
    """The same request under the same key, as after a lost answer."""
    again = client.submit(**PICTURES[0].body(), key=key)
    if again["id"] != first["id"]:
        raise Disappointed("the same Idempotency-Key made another generation")
    screen.line(f"repeated  the first request under its Idempotency-Key: the same generation {again['id']}, nothing charged twice")


def _settled(client: Daybook, screen: Screen) -> None:
    balance = client.get("/v1/credits/balance")
    screen.line("")
    screen.line(f"balance {balance['available']} credits, {balance['held']} held")
    for entry in reversed(client.get("/v1/credits/history", type="capture")["data"]):
        screen.line(f"charge {entry['amount']} credits for {entry['generation_id']}")
    for row in client.get("/v1/me/usage", group_by="kind")["data"]:
        screen.line(f"usage {row['kind']}: {row['succeeded']} succeeded, {row['spent']} credits")
