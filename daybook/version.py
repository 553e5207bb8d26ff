"""The release, from the one place where it stands."""

import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def version() -> str:
    """Such as `0.1.0`."""
    return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"])
