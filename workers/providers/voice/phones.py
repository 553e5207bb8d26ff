"""The sounds of speech: where their formants lie, how long they last, and what noise they make."""

from typing import NamedTuple


class Phone(NamedTuple):
    """`formants` in Hz; `voice` and `noise` are loudness, 0 to 1; `band` is where the noise lies. `closed`: so long a stop is silent."""

    seconds: float
    formants: tuple[float, float, float]
    voice: float = 0.0
    noise: float = 0.0
    band: tuple[float, float] = (0.0, 0.0)
    closed: float = 0.0
    #: Diphthongs end elsewhere.
    glide: tuple[float, float, float] | None = None


NEUTRAL = (500.0, 1500.0, 2500.0)
VOWELS: dict[str, Phone] = {
    "AA": Phone(0.13, (730, 1090, 2440), 1.0),
    "AE": Phone(0.12, (660, 1720, 2410), 1.0),
    "AH": Phone(0.08, (620, 1200, 2390), 0.9),
    "AO": Phone(0.13, (570, 840, 2410), 1.0),
    "AW": Phone(0.17, (730, 1200, 2440), 1.0, glide=(440, 1020, 2240)),
    "AY": Phone(0.17, (730, 1200, 2440), 1.0, glide=(390, 1990, 2550)),
    "EH": Phone(0.10, (530, 1840, 2480), 1.0),
    "ER": Phone(0.12, (490, 1350, 1690), 0.95),
    "EY": Phone(0.15, (500, 1900, 2500), 1.0, glide=(360, 2200, 2800)),
    "IH": Phone(0.08, (390, 1990, 2550), 0.95),
    "IY": Phone(0.12, (270, 2290, 3010), 0.95),
    "OW": Phone(0.14, (570, 900, 2410), 1.0, glide=(380, 870, 2240)),
    "OY": Phone(0.18, (570, 840, 2410), 1.0, glide=(390, 1990, 2550)),
    "UH": Phone(0.09, (440, 1020, 2240), 0.95),
    "UW": Phone(0.12, (300, 870, 2240), 0.95),
}
CONSONANTS: dict[str, Phone] = {
    "B": Phone(0.030, (250, 900, 2200), 0.5, 0.25, (200, 1200), closed=0.050),
    "CH": Phone(0.080, (300, 1900, 2600), 0.0, 0.75, (1800, 6500), closed=0.045),
    "D": Phone(0.028, (250, 1700, 2600), 0.5, 0.3, (2500, 6000), closed=0.045),
    "DH": Phone(0.050, (300, 1400, 2500), 0.5, 0.12, (1500, 7000)),
    "F": Phone(0.090, (350, 1100, 2300), 0.0, 0.26, (1200, 9000)),
    "G": Phone(0.035, (250, 1900, 2300), 0.5, 0.3, (1300, 3000), closed=0.050),
    "HH": Phone(0.060, NEUTRAL, 0.0, 0.3, (500, 4500)),
    "JH": Phone(0.070, (300, 1900, 2600), 0.35, 0.5, (1800, 6000), closed=0.040),
    "K": Phone(0.045, (300, 1900, 2300), 0.0, 0.55, (1300, 3600), closed=0.060),
    "L": Phone(0.065, (360, 1050, 2800), 0.7),
    "M": Phone(0.075, (250, 1000, 2200), 0.55),
    "N": Phone(0.065, (250, 1600, 2500), 0.55),
    "NG": Phone(0.075, (250, 2000, 2500), 0.5),
    "P": Phone(0.035, (300, 900, 2200), 0.0, 0.4, (300, 2200), closed=0.065),
    "R": Phone(0.065, (330, 1200, 1550), 0.7),
    "S": Phone(0.100, (350, 1700, 2600), 0.0, 0.7, (4200, 10500)),
    "SH": Phone(0.100, (350, 1800, 2500), 0.0, 0.75, (1900, 6500)),
    "T": Phone(0.040, (300, 1700, 2600), 0.0, 0.6, (2800, 9000), closed=0.055),
    "TH": Phone(0.085, (350, 1400, 2500), 0.0, 0.22, (1400, 9000)),
    "V": Phone(0.060, (300, 1100, 2300), 0.5, 0.14, (1200, 7000)),
    "W": Phone(0.060, (300, 650, 2200), 0.7),
    "Y": Phone(0.055, (280, 2200, 2950), 0.7),
    "Z": Phone(0.080, (300, 1700, 2600), 0.4, 0.42, (4000, 10000)),
    "ZH": Phone(0.080, (300, 1800, 2500), 0.4, 0.42, (1900, 6000)),
}
PHONES = VOWELS | CONSONANTS
#: Voice -> its middle pitch in Hz, and its throat against a man's of middle size.
VOICES: dict[str, tuple[float, float]] = {"alto": (182.0, 1.12), "bass": (88.0, 0.94), "soprano": (228.0, 1.18), "tenor": (124.0, 1.0)}
