"""What is asked for, read from the words of the request: the instruction, the text it is about, and how long."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.providers.writer.sentences import sentences

#: Tasks by the words that ask for them; the first that matches is done.
TASKS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "count": r"\b(how many|count( the)?|number of)\s+(words|characters|letters|sentences)",
        "translate": r"\btranslat(e|ion)\b",
        "title": r"\b(title|headline|subject line|heading)\b",
        "keywords": r"\b(key ?words?|tags|topics)\b",
        "bullets": r"\b(bullets?|bullet points?|key points|main points|outline|as a list)\b",
        "summary": r"\b(summar\w+|tl;?dr|gist|in short|sum up|recap)\b",
        "shorter": r"\b(shorter|shorten|condense|more concise|concisely|trim|cut down)\b",
        "formal": r"\b(formal\w*|professional\w*|polite\w*|business tone)\b",
    }.items()
}
QUESTION = re.compile(
    r"^\s*(who|what|when|where|why|how|which|is|are|was|were|do|does|did|can|could|will|would|should|has|have)\b.*\?", re.I | re.S
)
LENGTH = re.compile(
    r"\b(\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)\s+(?:\w+\s+)?(words?|sentences?|bullets?|points?|keywords?|tags|topics|lines?)\b",
    re.I,
)
NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "twenty": 20,
}
QUOTED = re.compile(r"[\"“”«]([^\"“”«»]{12,})[\"“”»]", re.S)
#: A colon that ends an instruction: what follows is the text it is about.
HANDED_OVER = re.compile(r":\s+(?=\S)")


@dataclass(frozen=True)
class Task:
    """`name` is a key of TASKS, `question` or `paragraph`; `source` is empty where no text was given."""

    name: str
    instruction: str
    source: str
    #: What the caller wants counted, such as ("sentence", 3).
    length: tuple[str, int] | None


def read(prompt: str, messages: Sequence[Mapping[str, Any]] | None) -> Task:
    """The last thing the user said is the instruction; the text stands in it, or in what was said before. The prompt is said last."""
    said = [(str(each.get("role", "user")), text_of(each.get("content"))) for each in messages or ()]
    said += [("user", prompt)]
    last = next((text.strip() for role, text in reversed(said) if role == "user" and text.strip()), "")
    instruction, source = _parted(last)
    if not source:
        earlier = [text for role, text in said if role != "system" and text.strip() and text.strip() != last]
        source = "\n\n".join(earlier)
    name = next((name for name, pattern in TASKS.items() if pattern.search(instruction)), None)
    if name is None:
        name = "question" if QUESTION.search(instruction) else "paragraph"
    return Task(name=name, instruction=instruction, source=source.strip(), length=_length(instruction))


def text_of(content: Any) -> str:
    """A message's text, given as a string or as parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping) and part.get("type") == "text")
    return ""


def _parted(text: str) -> tuple[str, str]:
    """The instruction and the text it is about: after a line break, after a colon, in quotes, or behind a question."""
    first, _, rest = text.partition("\n")
    if rest.strip() and (_names_a_task(first) or first.rstrip().endswith((":", "?"))):
        return first.strip(), rest.strip()
    if rest.strip() and (_names_a_task(last := text.rsplit("\n", 1)[-1]) or QUESTION.search(last)):
        return last.strip(), text.rsplit("\n", 1)[0].strip()
    colon = HANDED_OVER.search(text)
    if colon and (_names_a_task(text[: colon.start()]) or QUESTION.search(text[: colon.start()] + "?")):
        return text[: colon.start()].strip(), text[colon.end() :].strip()
    if quoted := QUOTED.search(text):
        return QUOTED.sub(" ", text).strip(), quoted.group(1).strip()
    every = sentences(text)
    for place in (0, -1):
        if len(every) > 1 and (_names_a_task(every[place]) or QUESTION.search(every[place])):
            others = every[1:] if place == 0 else every[:-1]
            return every[place], " ".join(others)
    return text, ""


def _names_a_task(text: str) -> bool:
    return any(pattern.search(text) for pattern in TASKS.values())


def _length(instruction: str) -> tuple[str, int] | None:
    found = LENGTH.search(instruction)
    if found is None:
        return None
    number, unit = found.group(1).lower(), found.group(2).lower().removesuffix("s")
    return unit, max(1, NUMBERS.get(number) or int(number))
