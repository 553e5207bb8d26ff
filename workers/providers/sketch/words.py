"""What a prompt asks for, read by its words: a scene, a subject, a time of day, weather, a style."""

import re
from dataclasses import dataclass

from workers.providers.sketch.palettes import STYLES

SCENES: dict[str, str] = {
    "abstract": "abstract geometric geometry shapes fluid marble swirl swirls composition bauhaus cubism fractal music emotion idea",
    "city": "city cities cityscape skyline street town downtown skyscraper tokyo york london paris metropolis urban alley building rooftop "
    "roof bar cafe traffic car station subway",
    "desert": "desert dune dunes sand sahara canyon mesa pyramid pyramids egypt mars martian camel oasis",
    "flower": "flower rose lotus sunflower bloom blossom petal daisy tulip orchid lily bouquet mandala",
    "forest": "forest wood woods woodland jungle tree pine fir birch grove rainforest mushroom fairy fern trail",
    "hills": "hill hills meadow field farm countryside valley grass garden village spring vineyard lavender prairie hobbit balloon",
    "lake": "lake pond river reflection fjord mirror stream swamp",
    "mountains": "mountain mountains peak peaks alps himalaya summit cliff glacier volcano everest fuji snow snowy",
    "portrait": "portrait face woman lady queen king princess selfie headshot warrior witch wizard",
    "sea": "sea ocean beach wave waves coast shore island sail sailing boat ship lighthouse harbor harbour pirate surf whale fish bay",
    "space": "space galaxy planet planets nebula cosmos cosmic star stars universe saturn jupiter orbit spaceship rocket alien milky solar",
}
SUBJECTS: dict[str, str] = {
    "balloon": "balloon balloons airship zeppelin",
    "birds": "bird birds gull gulls seagull crow crows raven eagle swallow flock dragon",
    "boat": "boat ship sail sailing sailboat yacht pirate fishing",
    "castle": "castle palace fortress tower temple kingdom",
    "cat": "cat cats kitten kitty feline panther tiger lion leopard",
    "deer": "deer stag elk moose reindeer horse unicorn",
    "dog": "dog dogs puppy wolf fox husky hound",
    "house": "house cabin cottage hut home barn farm village church",
    "lighthouse": "lighthouse beacon",
    "person": "person man woman girl boy child wanderer traveler traveller hiker walker monk samurai knight astronaut lonely people",
    "robot": "robot android mech droid cyborg",
    "rocket": "rocket spaceship spacecraft shuttle",
}
TIMES: dict[str, str] = {
    "dawn": "dawn sunrise morning",
    "day": "day noon daylight sunny summer spring bright blue",
    "dusk": "dusk twilight evening",
    "golden": "golden sunset warm hour glow",
    "night": "night midnight moon moonlight moonlit starry stars dark nocturnal aurora",
    "storm": "storm stormy rain rainy thunder fog foggy mist misty grey gray gloomy overcast",
}
WEATHER: dict[str, str] = {
    "aurora": "aurora borealis northern",
    "fog": "fog foggy mist misty haze hazy smoke",
    "rain": "rain rainy storm stormy thunder wet",
    "snow": "snow snowy blizzard winter christmas",
}
#: Words that name a style without being its name.
STYLE_WORDS: dict[str, str] = {
    "autumn": "autumn fall october",
    "cyberpunk": "cyberpunk cyber futuristic dystopian bladerunner scifi",
    "dream": "dream dreamy surreal fantasy magic magical ethereal fairy",
    "forest": "lush mossy",
    "ink": "ink sumi calligraphy brush zen",
    "midnight": "midnight starry",
    "minimal": "minimal minimalist minimalistic simple flat clean",
    "neon": "neon glowing laser electric",
    "noir": "noir monochrome detective mystery",
    "ocean": "underwater tropical",
    "oil": "oil painting impressionist impressionism painterly gogh monet",
    "pastel": "pastel soft cute kawaii",
    "pixel": "pixel pixelart pixels retrogame 8bit 16bit bit",
    "pop": "pop comic cartoon popart warhol",
    "retro": "retro vintage poster seventies travel",
    "sunset": "sunset",
    "vaporwave": "vaporwave synthwave outrun eighties 80s",
    "watercolor": "watercolor watercolour aquarelle",
    "winter": "winter frozen ice icy frost christmas",
}


@dataclass(frozen=True)
class Wishes:
    """All that was found; None or empty where the prompt says nothing."""

    scene: str | None
    subject: str | None
    time: str | None
    weather: frozenset[str]
    style: str | None


def read(prompt: str, negative_prompt: str | None) -> Wishes:
    """Earlier words weigh more. A word of the negative prompt counts as not said, and takes its whole meaning with it."""
    words = _words(prompt)
    banned = _words(negative_prompt or "")
    scene = _first(words, banned, SCENES)
    if scene == "mountains" and _first(words, banned, {"lake": SCENES["lake"]}):
        # A mountain lake is a lake with mountains; the other way round there would be no water.
        scene = "lake"
    return Wishes(
        scene=scene,
        subject=_first(words, banned, SUBJECTS),
        time=_first(words, banned, TIMES),
        weather=frozenset(name for name in WEATHER if _first(words, banned, {name: WEATHER[name]})),
        style=next((word for word in words if word in STYLES and word not in banned), None) or _first(words, banned, STYLE_WORDS),
    )


def _words(text: str) -> list[str]:
    found = re.findall(r"[a-z0-9]+", text.casefold())
    # A plural also counts as its singular.
    return [form for word in found for form in ((word, word[:-1]) if word.endswith("s") and len(word) > 3 else (word,))]


def _first(words: list[str], banned: list[str], table: dict[str, str]) -> str | None:
    meanings = {word: name for name, line in table.items() for word in line.split()}
    refused = {meanings[word] for word in banned if word in meanings}
    return next((meanings[word] for word in words if word in meanings and meanings[word] not in refused), None)
