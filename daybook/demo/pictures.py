"""What the demo asks for."""

from typing import Any, NamedTuple


class Picture(NamedTuple):
    """`word` names the file."""

    word: str
    prompt: str
    style: str

    def body(self) -> dict[str, Any]:
        """The request."""
        return {"kind": "image", "prompt": self.prompt, "params": {"size": "640x640", "style": self.style}, "tags": ["demo"]}


PICTURES = (
    Picture("lighthouse", "a lighthouse on a cliff, storm clouds, sailing boats far out", "watercolor"),
    Picture("city", "a city of towers at night in the rain, with a full moon", "neon"),
    Picture("mountains", "mountains above a lake, pine trees, a hut with smoke", "sunset"),
)
