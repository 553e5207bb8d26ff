"""Sound motifs by their names, and when each of them strikes: the picture flashes and beats at the same moments."""

import re

from workers.providers.sketch.dice import Dice

#: Motif -> the words that ask for it.
MOTIFS: dict[str, str] = {
    "bells": "bell bells church ring ringing toll",
    "birds": "bird birds birdsong chirp chirping tweet gull gulls seagull seagulls sparrow",
    "chime": "chime chimes wind-chime sparkle magic twinkle glitter",
    "clock": "clock tick ticking tock watch",
    "crickets": "cricket crickets cicada cicadas insects",
    "drum": "drum drums drumming percussion beat march",
    "engine": "engine engines motor car cars traffic truck machine hum drone train plane",
    "fire": "fire campfire crackle crackling flame flames bonfire fireplace",
    "footsteps": "footstep footsteps steps walking walk walks stepping",
    "heartbeat": "heartbeat heart pulse",
    "music": "music song melody piano guitar soundtrack orchestra harp tune",
    "rain": "rain rainy raining raindrops drizzle downpour shower",
    "thunder": "thunder thunderstorm lightning storm stormy",
    "waves": "wave waves ocean sea surf shore beach tide water river stream",
    "wind": "wind windy breeze gust gusts blizzard howling",
}
_BY_WORD = {word: motif for motif, words in MOTIFS.items() for word in words.split()}


def heard_in(text: str) -> list[str]:
    """The motifs that *text* names, in its order."""
    return list(dict.fromkeys(_BY_WORD[word] for word in re.findall(r"[a-z]+(?:-[a-z]+)*", text.casefold()) if word in _BY_WORD))


def strikes(motif: str, dice: Dice, seconds: float) -> list[float]:
    """The moments, in seconds, at which *motif* strikes; for motifs that sound all the time there are none."""
    first, low, high = {
        "bells": (0.3, 1.7, 2.4),
        "birds": (0.4, 0.7, 1.9),
        "chime": (0.2, 0.35, 1.1),
        "clock": (0.1, 0.5, 0.5),
        "drum": (0.1, 0.3125, 0.3125),
        "fire": (0.02, 0.03, 0.28),
        "footsteps": (0.25, 0.5, 0.56),
        "heartbeat": (0.3, 0.84, 0.86),
        "thunder": (0.45, 2.4, 3.8),
    }.get(motif, (0.0, 0.0, 0.0))
    source = dice.child(f"strikes/{motif}")
    moments = []
    at = first
    while high and at < seconds:
        moments.append(at)
        at += source.between(low, high)
    return moments
