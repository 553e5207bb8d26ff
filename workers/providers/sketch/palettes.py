"""Colours of the styles. A palette paints any scene: sky from top to horizon, the far and the near end of the land, light, accents."""

from dataclasses import dataclass

from workers.providers.sketch.arrays import Color, hex_color


@dataclass(frozen=True)
class Palette:
    sky: tuple[Color, ...]
    far: Color
    near: Color
    light: Color
    accents: tuple[Color, ...]
    #: Stars and lit windows.
    dark: bool = False


def palette(sky: str, far: str, near: str, light: str, accents: str, *, dark: bool = False) -> Palette:
    words = [tuple(map(hex_color, text.split())) for text in (sky, accents)]
    return Palette(words[0], hex_color(far), hex_color(near), hex_color(light), words[1], dark)


#: Light of the day, for prompts that name a time, and for requests without a style.
TIMES: dict[str, Palette] = {
    "dawn": palette("#2b3a67 #6b6ca8 #d9a5b3 #ffd9b0", "#c4a3b5", "#1f2440", "#fff1d6", "#ff9e7a #ffd27f #8fb7d9 #e8a0bf"),
    "day": palette("#2a73b8 #5fa9dd #a9d6ec #eef5ea", "#a5c4d4", "#1c4634", "#fffbe6", "#f7c548 #e4572e #4fa36b #f2efe6"),
    "dusk": palette("#1d1b45 #5a2f6f #c7517a #ffb071", "#a4567f", "#170f2b", "#ffd9a0", "#ffb38a #ff6f91 #845ec2 #ffe29a", dark=True),
    "golden": palette("#31436b #8a6f93 #f0a868 #ffe0a3", "#d49c86", "#2a1d33", "#fff0c2", "#ffbe5c #ff7b54 #7d5a8c #ffe9b0"),
    "night": palette("#040817 #0b1736 #1b315d #40608c", "#33507a", "#050913", "#eaf1ff", "#ffd27f #7fb2ff #b58cff #ffefc2", dark=True),
    "storm": palette("#1c232e #3a4654 #6b7885 #b9c0bf", "#7f8b94", "#11181d", "#f4f3e4", "#d9c48f #8fb0c2 #c2d0d3 #e6dfc7"),
}

STYLES: dict[str, tuple[Palette, ...]] = {
    "abstract": (
        palette("#14213d #2a6f97 #e9c46a #f8edd8", "#8ab0ab", "#14213d", "#fff3d6", "#e76f51 #f4a261 #2a9d8f #264653 #e9c46a"),
        palette("#2d1e4f #7b2d8b #f26a8d #ffd6c0", "#c9a0c8", "#1d1233", "#fff2e0", "#f9c80e #f86624 #ea3546 #662e9b #43bccd"),
    ),
    "autumn": (palette("#6f8fae #b9b7a8 #ecc98c #fbe6b8", "#c58a58", "#34160f", "#fff0c9", "#d1491b #e9a03b #8c2f1b #f2c14e #6a4a2a"),),
    "cyberpunk": (
        palette("#080318 #23094d #6c1477 #ff4f9a", "#5d1f80", "#07021a", "#86f4ff", "#ff2e97 #19f0ff #ffe14d #8b5cff #ff7a3d", dark=True),
        palette("#03101f #05304f #0f6f83 #f25fb0", "#1d4f78", "#020a18", "#ff9be0", "#19f0ff #ff3fa4 #b8ff3d #ffb13d #7a6bff", dark=True),
    ),
    "dream": (palette("#3a2c6b #8c6fc4 #f2a9cf #ffe3d1", "#c79ad0", "#33245c", "#fff6e4", "#ffd1e8 #b8e0ff #ffe9a8 #c9b6ff"),),
    "forest": (palette("#5f8f7b #a3c39a #dbe6b4 #f7f4cf", "#9dba98", "#0e2319", "#fffbd2", "#e0b34a #c8553d #6fae6a #f1e4a8"),),
    "ink": (palette("#c9c2b2 #ddd6c6 #ebe5d6 #f4efe2", "#b9b2a3", "#14120f", "#fbf7ec", "#a32318 #3a362f #6b655a #8c8577"),),
    "midnight": (
        palette("#02040f #07122e #10275a #2a5290", "#21427a", "#02050d", "#dfeaff", "#ffdf91 #6fb1ff #c79bff #8ff0e0", dark=True),
    ),
    "minimal": (
        palette("#f1e4d3 #f4e9da #f7eee2 #faf3e9", "#e6c3a6", "#8c4a3c", "#fdf8f0", "#e07a5f #3d405b #81b29a #f2cc8f"),
        palette("#d5e1e3 #dfe8e8 #e9efed #f3f5f1", "#a9c3c4", "#27474e", "#ffffff", "#ef8354 #2d3142 #7fb7be #f4d58d"),
        palette("#f0d3c9 #f3ddd3 #f6e7df #faf1eb", "#d9a9a0", "#4a3550", "#fffaf5", "#c8553d #588b8b #ffd5c2 #f28f3b"),
    ),
    "neon": (
        palette("#05010f #13053a #2b0b6b #5b1fb8", "#35189a", "#04010c", "#f6f0ff", "#39ff88 #ff2bd6 #16e0ff #fff23d #ff5c38", dark=True),
    ),
    "noir": (palette("#0b0b0d #232427 #4b4d52 #b3b3ae", "#5c5e62", "#050506", "#f3f1ea", "#d6d3c9 #f2efe6 #9a9993 #c9c6bd", dark=True),),
    "ocean": (palette("#0d4a73 #2c86ab #86c9cd #f5eed3", "#6fb0bd", "#05293f", "#fff6da", "#ff8c61 #ffd07a #1fa3a3 #f2f5ea"),),
    "oil": (
        palette("#21406b #5c7fa3 #d9b27c #f4dca0", "#b3946f", "#24201c", "#fff0c0", "#c8452c #e3a72f #3f6b4f #7a4a6d #ead7a8"),
        palette("#17284f #35608f #8fa9a5 #f0cf86", "#7a8f8c", "#161a20", "#ffe9ae", "#e0a63a #b5432e #2f6f73 #d9c08b #5b3a5e"),
    ),
    "pastel": (
        palette("#b4d4ee #cfc9ee #f4cfdc #fff0dc", "#d3c1e0", "#837eb4", "#fffaf0", "#ff9aa2 #ffb7b2 #b5ead7 #c7ceea #ffdac1"),
        palette("#a8dcd9 #c6e3d4 #f7e3c4 #fdf3e3", "#bcd0d6", "#6f8fa8", "#fffdf5", "#f7a8b8 #f9c89b #9fd3c7 #b6b5e8 #fff0b3"),
    ),
    "pixel": (
        palette("#1f1147 #4a2a80 #c44f8a #ffb36b", "#8a3f86", "#150b2e", "#fff1b8", "#ffd23f #ee4266 #3bceac #0ead69 #540d6e", dark=True),
        palette("#2a5fb0 #5aa0e0 #a6dcf0 #f6f2c8", "#7fb7a8", "#153b3f", "#fffbe0", "#ffcc4d #e8563f #3fa34d #ffffff #7a4b2a"),
    ),
    "pop": (
        palette("#1b4fe0 #19b5e8 #ffd60a #fff4c2", "#ff6fb0", "#1a1033", "#fffbe8", "#ff2e63 #ffd60a #08d9d6 #ff8c1a #7b2ff7"),
        palette("#ff3d7f #ff7a59 #ffc93c #fff3cf", "#28b8b8", "#2b123d", "#fffdf0", "#00c2c7 #ffde22 #ff414e #4634a7 #ffffff"),
    ),
    "retro": (palette("#1f4e5f #4b8f8c #e9c46a #f2a65a", "#d98b5f", "#2b2433", "#fdf0cf", "#e76f51 #f4a261 #2a9d8f #fae1b0 #9b2226"),),
    "sunset": (
        palette("#27144a #7c2a6b #e2504f #ffb84d #ffe9a8", "#b8435f", "#1a0a26", "#fff2c0", "#ff9b54 #ff5e78 #ffd27f #7a3e9d"),
        palette("#1b2a5c #6a3d84 #e8677a #ffa95c #ffe3a0", "#b1587c", "#150f2b", "#fff0c8", "#ffb25c #ff7a8a #ffe08a #5b4a9e"),
    ),
    "vaporwave": (
        palette("#170a45 #4b2394 #e85fc0 #ffb59e", "#8a4fd0", "#140733", "#fff27a", "#01cdfe #ff71ce #05ffa1 #b967ff #fffb96", dark=True),
    ),
    "watercolor": (
        palette("#7fb1cf #b9d2da #f0d9bf #f9efe0", "#9fb4c2", "#35545f", "#fffaf0", "#d9775a #e8b45a #6a9a6f #8a6f9e #5a8fb0"),
        palette("#8fa6cf #c9bcd6 #f4cfc0 #fbf0e2", "#b0a5c4", "#414a72", "#fffaf2", "#cf6a7a #e6a15c #6f9fa0 #7a73ad #e8c77a"),
    ),
    "winter": (palette("#6f8bb0 #a9bfd6 #dde7f0 #fbf3ea", "#b9c9da", "#2a3d55", "#fffdf6", "#d9604c #f0c987 #7fa6c9 #ffffff"),),
}
