"""README has a line for everything that can keep Daybook from starting."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8").split("## When it does not start")[1].split("\n## ")[0]
ERRORS = {"EngineError", "AlreadyRunning", "PortTaken"}


def sentences() -> Iterator[str]:
    """What each start-up error says up to its first semicolon, with … for what differs from time to time."""
    for file in sorted([*ROOT.glob("daybook/engines/*.py"), *ROOT.glob("daybook/up/*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and getattr(node.exc.func, "id", "") in ERRORS:
                said = node.exc.args[0]
                parts = said.values if isinstance(said, ast.JoinedStr) else [said]
                text = "".join(part.value if isinstance(part, ast.Constant) else "…" for part in parts)
                yield re.split(r"[;(:]", text)[0].strip()


def test_every_start_up_error_has_its_line():
    said = list(sentences())
    missing = [text for text in said if not any(piece in README for piece in pieces(text))]
    assert len(said) > 12
    assert missing == []


def pieces(text: str) -> list[str]:
    """The longest wordings of *text* between its values."""
    longest = sorted((piece.strip() for piece in text.split("…")), key=len)[-1]
    words = longest.split()
    return [" ".join(words[:count]) for count in (len(words), max(3, len(words) - 2), 4) if count <= len(words)]
