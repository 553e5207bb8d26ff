"""README's tour as a script that says what each line showed."""

from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parent.parent.parent / "README.md"
#: Separates what lines show; no line of the tour prints it.
MARK = "\x1e"


class Step(NamedTuple):
    """A line of the tour and what its comment says it shows ("" when it says nothing)."""

    line: str
    shows: str


def steps() -> list[Step]:
    """The tour, line by line."""
    block = README.read_text(encoding="utf-8").split("<!-- tour -->")[1].split("<!-- /tour -->")[0]
    found: list[Step] = []
    for line in block.strip().removeprefix("```sh").removesuffix("```").strip().splitlines():
        if line.startswith("#> "):
            found[-1] = found[-1]._replace(shows=line.removeprefix("#> "))
        elif line.strip() and not line.startswith("#"):
            found.append(Step(line, ""))
    return found


def script(url: str) -> str:
    """For bash: the tour against *url*, with a mark after each line."""
    lines = [step.line.replace("http://127.0.0.1:8000", url) for step in steps()]
    return "set -e -o pipefail\n" + "".join(f"{line}\nprintf '{MARK}'\n" for line in lines)
