"""What a clip will be: everything that its frames and its sound follow from, so that each second can be made by itself."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workers.providers.clip.motifs import heard_in
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.words import Wishes, read

FRAMES_PER_SECOND = 24
QUALITIES = {"480p": 480, "720p": 720, "1080p": 1080}
ASPECT_RATIOS = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1), "4:3": (4, 3), "3:4": (3, 4)}
MOVES: dict[str, str] = {
    "zoom_in": r"zoom(?:s|ing)? in|closer|approach\w*|push(?:es)? in",
    "zoom_out": r"zoom(?:s|ing)? out|pull(?:s|ing)? back|reveal\w*|farther",
    "pan_left": r"pan(?:s|ning)? (?:to the )?left|moves? left",
    "pan_right": r"pan(?:s|ning)?(?: (?:to the )?right)?|moves? right|fly(?:ing)?|drift\w*",
    "rise": r"tilt(?:s|ing)? up|ris(?:es|ing)|ascend\w*|climb\w*",
    "fall": r"tilt(?:s|ing)? down|descend\w*|sink\w*",
    "still": r"still|static|fixed camera|tripod",
}
#: How the light goes: red, green and blue gains at the beginning, in the middle and at the end.
LIGHTS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "steady": ((1.0, 1.0, 1.0), (1.03, 1.02, 1.0), (1.0, 1.0, 1.0)),
    "nightfall": ((1.04, 1.0, 0.94), (0.86, 0.62, 0.62), (0.24, 0.29, 0.5)),
    "sunrise": ((0.35, 0.38, 0.58), (0.95, 0.72, 0.66), (1.08, 1.02, 0.96)),
    "day": ((0.5, 0.5, 0.72), (1.1, 1.08, 1.0), (0.62, 0.46, 0.5)),
}
LIGHT_WORDS: dict[str, str] = {
    "day": r"time ?-?lapse|day passes|passing day|all day|from (?:dawn|morning) to (?:dusk|night|evening)",
    "nightfall": r"night ?fall|gets? dark|(?:into|to) night|sun (?:goes down|sets|setting)|sunset",
    "sunrise": r"sun ?rise|dawn breaks|gets? light|sun comes up",
}


@dataclass(frozen=True)
class Plan:
    prompt: str
    name: str
    style: str | None
    seconds: int
    width: int
    height: int
    move: str
    light: str
    sounds: tuple[str, ...]
    #: Triggers that name no motif this model can play.
    unheard: tuple[str, ...]
    weather: frozenset[str]

    @property
    def frames(self) -> int:
        return self.seconds * FRAMES_PER_SECOND

    def dice(self, part: str) -> Dice:
        return Dice(self.name).child(part)

    @property
    def wishes(self) -> Wishes:
        return read(f"{self.style or ''} {self.prompt}", None)


def plan(
    prompt: str, style: str | None, seed: int | None, seconds: int, quality: str, aspect_ratio: str, triggers: Sequence[str]
) -> Plan:  # fmt: skip
    """Without a seed it follows from the words alone."""
    name = json.dumps(["clip-1", " ".join(prompt.split()), style or "", seed], ensure_ascii=True)
    wishes = read(f"{style or ''} {prompt}", None)
    asked = [(trigger, heard_in(trigger)) for trigger in triggers]
    sounds = tuple(dict.fromkeys(motif for _, motifs in asked for motif in motifs)) or _own_sounds(prompt, wishes)
    width, height = frame_size(quality, aspect_ratio)
    seen = {weather for weather in ("rain", "snow") if weather in wishes.weather} | ({"rain"} if "rain" in sounds else set())
    return Plan(
        prompt=prompt,
        name=name,
        style=style,
        seconds=seconds,
        width=width,
        height=height,
        move=_named(MOVES, prompt) or Dice(name).child("move").one(("zoom_in", "zoom_out", "pan_left", "pan_right", "rise")),
        light=_named(LIGHT_WORDS, prompt) or "steady",
        sounds=sounds,
        unheard=tuple(trigger for trigger, motifs in asked if not motifs),
        weather=frozenset(seen - ({"rain"} if "snow" in seen else set())),
    )


def frame_size(quality: str, aspect_ratio: str) -> tuple[int, int]:
    """The shorter side is the quality's number; both sides are even, as the encoder needs them."""
    short = QUALITIES[quality]
    wide, high = ASPECT_RATIOS[aspect_ratio]
    unit = short / min(wide, high)
    return round(wide * unit / 2) * 2, round(high * unit / 2) * 2


def _named(table: dict[str, str], prompt: str) -> str | None:
    return next((name for name, words in table.items() if re.search(rf"\b(?:{words})\b", prompt, re.IGNORECASE)), None)


def _own_sounds(prompt: str, wishes: Wishes) -> tuple[str, ...]:
    """What would be heard there, when no trigger says it: by the words, then by the place."""
    by_place = {
        "city": ("engine", "footsteps"), "desert": ("wind",), "forest": ("birds", "wind"), "hills": ("birds", "wind"),
        "lake": ("birds", "waves"), "mountains": ("wind",), "sea": ("waves", "wind"),
    }  # fmt: skip
    named = heard_in(prompt)
    return tuple(dict.fromkeys((*named, *by_place.get(wishes.scene or "", ()))))[:3] or ("music",)
