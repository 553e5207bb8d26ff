"""All that is not an image from words: an edit of an upload, an analysis, a clip with sound, speech, and a text as it is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daybook_client import Daybook, Generation

from daybook.demo.disappointed import Disappointed
from daybook.demo.saving import keep, save
from daybook.demo.screen import Screen

SECONDS_MAX = 120


def every_kind(client: Daybook, picture: Path, folder: Path, screen: Screen) -> None:
    """*picture* is uploaded, and worked on."""
    upload = client.upload(picture)
    screen.line(f"uploaded  {picture.name}: {upload['id']}, {upload['width']} x {upload['height']}")
    inputs = [{"asset_id": upload["id"]}]
    edit = _made(client, screen, "image_edit", 'black and white, vignette, caption "DAYBOOK"', inputs=inputs)
    save(client, edit["assets"][0], folder / "4-edited.png", screen)
    analysis = _made(client, screen, "image_analysis", "", inputs=inputs, params={"question": "Which colours does it have?"})
    screen.line(f"          {analysis['output']['text']}")
    clip = _made(
        client,
        screen,
        "video",
        "waves on a beach at sunset",
        params={"duration": 5, "quality": "480p", "triggers": ["waves", "birds"]},
    )
    save(client, clip["assets"][0], folder / "5-clip.mp4", screen)
    keep(folder / "5-clip-poster.webp", client.thumbnail(clip["assets"][0]), screen)
    speech = _made(client, screen, "speech", "Every number can be recomputed.")
    save(client, speech["assets"][0], folder / "6-speech.mp3", screen)
    _streamed(client, screen)


def _streamed(client: Daybook, screen: Screen) -> None:
    """A text as it is written."""
    asked = client.submit("text", "Write three sentences about a lighthouse in a storm.", params={"max_tokens": 200})
    pieces: list[str] = []
    done: Mapping[str, Any] = {}
    for event in client.stream(asked):
        if event.type == "generation.text_delta":
            pieces.append(event.data["text"])
        elif event.type != "snapshot":
            done = event.data
    if done.get("status") != "succeeded":
        raise Disappointed(f"{asked['id']} is {done.get('status')} after its last event")
    screen.line(f"text      {asked['id']}: {done['output']['text']}")
    screen.line(f"          heard in {len(pieces)} pieces while it was written, {_cost(done)}")


def _made(client: Daybook, screen: Screen, kind: str, prompt: str, **fields: Any) -> Generation:
    done = client.wait(client.submit(kind, prompt, tags=["demo"], **fields), seconds=SECONDS_MAX)
    if done["status"] != "succeeded":
        raise Disappointed(f"{done['id']} {done['status']}: {done['error'] and done['error']['message']}")
    words = f": {prompt}" if prompt else ""
    screen.line(f"{kind:<9} {done['id']}{words}, {_cost(done)}")
    return done


def _cost(done: Mapping[str, Any]) -> str:
    charged = done["credits"]["charged"]
    return "1 credit" if charged == 1 else f"{charged} credits"
