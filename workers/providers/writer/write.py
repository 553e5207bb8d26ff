"""From a request to a text. Pure: the same request gives the same words."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workers.providers.writer import templates
from workers.providers.writer.sentences import COUNT_MAX, answering, central, sentences, stem, topics, words
from workers.providers.writer.task import Task, read

#: Words of an instruction that its text is not about.
ORDERS = frozenset(
    (
        *("add", "answer", "compose", "create", "describe", "draft", "explain", "generate", "line", "lines", "note", "paragraph"),
        *("paragraphs", "poem", "post", "produce", "sentence", "sentences", "short", "story", "text", "word", "words", "write"),
    )
)


class Choice:
    """Which of several templates: always the first at temperature 0, else by what was asked and the temperature."""

    def __init__(self, request: str, temperature: float) -> None:
        self._digest = hashlib.sha256(f"{temperature:.3f} {request}".encode("utf-8", "surrogatepass")).digest()
        self._cold = temperature <= 0
        self._asked = 0

    def of(self, items: Sequence[str]) -> str:
        self._asked += 1
        if self._cold:
            return items[(self._asked - 1) % len(items)] if len(items) > 3 else items[0]
        return items[(self._digest[self._asked % 32] + self._asked) % len(items)]


def write(prompt: str, messages: Sequence[Mapping[str, Any]] | None, system: str | None, temperature: float) -> str:
    """The whole answer. *system* is heeded where it names a task that the instruction leaves open."""
    task = read(prompt, messages)
    if task.name == "paragraph" and system:
        by_system = read(f"{system}\n{task.source or task.instruction}", None)
        if by_system.name not in ("paragraph", "question") and by_system.source:
            task = by_system
    choice = Choice(task.instruction + task.source, temperature)
    if task.name == "translate":
        return templates.NO_TRANSLATION
    if not task.source and task.name not in ("paragraph", "question"):
        return _from_instruction(task, choice)
    return _WRITERS[task.name](task, choice) or templates.NOTHING


def _from_instruction(task: Task, choice: Choice) -> str:
    """No text was given, but the instruction itself may hold enough for a title or keywords."""
    return _WRITERS[task.name](Task(task.name, "", task.instruction, task.length), choice) if task.name in ("title", "keywords") else (
        choice.of(templates.NO_SOURCE)
    )  # fmt: skip


def _count(task: Task, choice: Choice) -> str:
    numbers = (len(words(task.source)), len(sentences(task.source)), len(task.source))
    return "The text has {} words, {} sentences and {} characters.".format(*(f"{number:,}" for number in numbers))


def _title(task: Task, choice: Choice) -> str:
    """Telling words of the most telling sentence in its order, then others that stand out."""
    best = central(task.source, 1)
    named = topics(task.source, 5)
    wanted = {stem(word) for word in named}
    first = [word for word in words(best[0] if best else "") if stem(word) in wanted]
    chosen = {stem(word): word for word in reversed([*first, *named])}
    ordered = sorted(chosen.values(), key=[*first, *named].index)
    return " ".join(word if word.isupper() else word[:1].upper() + word[1:] for word in ordered[:6]) or "Untitled"


def _keywords(task: Task, choice: Choice) -> str:
    return ", ".join(topics(task.source, _wanted(task, ("keyword", "tag", "topic", "word"), 6))) or "none"


def _bullets(task: Task, choice: Choice) -> str:
    return "\n".join(f"- {each}" for each in central(task.source, _wanted(task, ("bullet", "point", "line", "sentence"), 4)))


def _summary(task: Task, choice: Choice) -> str:
    total = len(sentences(task.source))
    if task.length and task.length[0] == "word":
        return _within(task.source, task.length[1])
    return " ".join(central(task.source, _wanted(task, ("sentence", "line", "point"), max(1, min(3, round(total / 3))))))


def _within(text: str, words_max: int) -> str:
    """As many of the best sentences as fit; the best one cut off when even that is too long."""
    found = central(text, words_max, words_max=words_max)
    return " ".join(found) or " ".join(" ".join(central(text, 1)).split()[:words_max]).rstrip(",;:.") + " …"


def _shorter(task: Task, choice: Choice) -> str:
    """Fillers and brackets go; then the sentences that say least, until a third is gone."""
    text = re.sub(r"\s*\([^()]*\)", "", task.source)
    text = re.sub(rf"\b(?:{'|'.join(map(re.escape, templates.FILLERS))})\b,?\s*", "", text, flags=re.IGNORECASE)
    every = sentences(text)
    kept = central(text, max(1, round(len(every) * 2 / 3))) if len(text) > len(task.source) * 2 / 3 else every
    return " ".join(each[:1].upper() + each[1:] for each in kept)


def _formal(task: Task, choice: Choice) -> str:
    text = task.source.replace("’", "'")
    loose = sorted(templates.FORMAL, key=len, reverse=True)
    text = re.sub(rf"\b(?:{'|'.join(map(re.escape, loose))})\b", lambda found: templates.FORMAL[found.group().lower()], text, flags=re.I)
    text = re.sub(r"!+", ".", text)
    return " ".join(each[:1].upper() + each[1:] for each in sentences(text))


def _question(task: Task, choice: Choice) -> str:
    if not task.source:
        return choice.of(templates.NO_KNOWLEDGE)
    found = answering(task.instruction, task.source, 2 if task.length is None else _wanted(task, ("sentence", "line"), 2))
    return " ".join(found) or choice.of(templates.NOT_FOUND)


def _paragraph(task: Task, choice: Choice) -> str:
    """A text of its own, as long as was asked for, in sentences that say that they are templates."""
    by_words = task.length[1] // 12 + 2 if task.length and task.length[0] == "word" else 5
    count = min(_wanted(task, ("sentence", "line"), by_words), COUNT_MAX)
    named = [word for word in topics(f"{task.instruction} {task.source}", 12) if word.lower() not in ORDERS and not word.isdigit()]
    named += ["the request", "its words", "the text"][: max(0, 3 - len(named))]
    lines = [choice.of(templates.OPENINGS).format(named[0])]
    for number in range(1, count - 1):
        turn = [named[(number + step) % len(named)] for step in (0, 1, 2)]
        line = choice.of(templates.MIDDLES).format(*turn)
        lines.append(line[:1].upper() + line[1:])
    text = " ".join([*lines, choice.of(templates.CLOSINGS)][: max(1, count)])
    return " ".join(text.split()[: task.length[1]]) if task.length and task.length[0] == "word" else text


def _wanted(task: Task, units: Sequence[str], usual: int) -> int:
    return task.length[1] if task.length and task.length[0] in units else usual


_WRITERS: dict[str, Callable[[Task, Choice], str]] = {
    "bullets": _bullets,
    "count": _count,
    "formal": _formal,
    "keywords": _keywords,
    "paragraph": _paragraph,
    "question": _question,
    "shorter": _shorter,
    "summary": _summary,
    "title": _title,
}
