"""What others wrote, in a line of ours: it can neither begin a line, nor colour or clear a terminal, nor fill a disk.

Whoever writes to us chooses some of the words that errors repeat. Without this a line feed in them would be a line that we never said.
"""

from structlog.typing import EventDict

TEXT_CHARS_MAX = 2_000
TRACEBACK_CHARS_MAX = 20_000
#: The one field that has lines; they are indented, and no line of ours begins with a space.
LINES = "exception"


def tame(logger: object, method: str, event: EventDict) -> EventDict:
    """Texts without control characters, other than as escapes, and of bounded length."""
    for name, value in event.items():
        if type(value) is str and not (value.isprintable() and len(value) <= TEXT_CHARS_MAX):
            event[name] = _lines(value) if name == LINES else _text(value, TEXT_CHARS_MAX)
    return event


def _lines(text: str) -> str:
    """The end of a traceback is what it is read for."""
    short = text if len(text) <= TRACEBACK_CHARS_MAX else f"({len(text)} characters, of which the last)\n{text[-TRACEBACK_CHARS_MAX:]}"
    return "\n".join(f"    {_escaped(line)}" for line in short.split("\n"))


def _text(text: str, chars_max: int) -> str:
    short = text if len(text) <= chars_max else f"{text[:chars_max]}… ({len(text)} characters)"
    return _escaped(short)


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
