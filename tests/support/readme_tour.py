"""The tour of README, or of another document, as a script that says what each line showed."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
AUDIT = ROOT / "docs" / "audit.md"
#: Separates what lines show; no line of the tour prints it.
MARK = "\x1e"


class Step(NamedTuple):
    """A line of the tour and what its comment says it shows ("" when it says nothing)."""

    line: str
    shows: str


def steps(document: Path = README) -> list[Step]:
    """The tour, line by line."""
    blocks = re.findall(r"<!-- tour -->\n```sh\n(.*?)```\n<!-- /tour -->", document.read_text(encoding="utf-8"), re.DOTALL)
    found: list[Step] = []
    for line in "\n".join(blocks).splitlines():
        if line.startswith("#> "):
            found[-1] = found[-1]._replace(shows=line.removeprefix("#> "))
        elif line.strip() and not line.startswith("#"):
            found.append(Step(line, ""))
    return found


def script(url: str, document: Path = README) -> str:
    """For bash: the tour against *url*, with a mark after each line."""
    lines = [step.line.replace("http://127.0.0.1:8000", url) for step in steps(document)]
    return "set -e -o pipefail\n" + "".join(f"{line}\nprintf '{MARK}'\n" for line in lines)
