"""All motifs of a clip in one stereo sound: placed left and right, evenly loud, faded in and out, never clipped."""

from collections.abc import Callable

import numpy as np

from workers.providers.clip.motifs import strikes
from workers.providers.clip.plan import Plan
from workers.providers.clip.sound import nature, things
from workers.providers.clip.sound.music import music
from workers.providers.clip.sound.waves import RATE, Samples
from workers.providers.sketch.dice import Dice

__all__ = ["RATE", "SOUNDS", "mix"]
LOUDEST = 0.86
FADE_SECONDS = 0.12
SOUNDS: dict[str, Callable[[Dice, int, list[float]], Samples]] = {
    "bells": things.bells,
    "birds": nature.birds,
    "chime": things.chime,
    "clock": things.clock,
    "crickets": nature.crickets,
    "drum": things.drum,
    "engine": things.engine,
    "fire": nature.fire,
    "footsteps": things.footsteps,
    "heartbeat": things.heartbeat,
    "music": music,
    "rain": nature.rain,
    "thunder": nature.thunder,
    "waves": nature.waves,
    "wind": nature.wind,
}
#: Those that sound all the time stand behind those that strike.
BEHIND = frozenset({"crickets", "engine", "fire", "music", "rain", "waves", "wind"})


def mix(plan: Plan) -> Samples:
    """(2, samples)."""
    count = plan.seconds * RATE
    dice = plan.dice("sound")
    out = np.zeros((2, count), np.float32)
    for number, name in enumerate(plan.sounds):
        samples = SOUNDS[name](dice.child(name), count, strikes(name, dice, plan.seconds))
        level = (0.55 if name in BEHIND and len(plan.sounds) > 1 else 0.9) / max(float(np.abs(samples).max()), 1e-6)
        # Motifs alternate sides; the other ear hears them 0.4 ms later, which makes the room.
        side = (0.0, -0.35, 0.35)[number % 3]
        out[0] += samples * np.float32(level * (1 - max(0.0, side)))
        out[1, 18:] += samples[:-18] * np.float32(level * (1 + min(0.0, side)))
    fade = round(FADE_SECONDS * RATE)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    out[:, :fade] *= ramp
    out[:, -fade:] *= ramp[::-1]
    loudest = float(np.abs(out).max())
    return out * np.float32(LOUDEST / loudest) if loudest > 0 else out
