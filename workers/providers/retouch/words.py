"""What a prompt asks to be done, in the order in which it names it."""

import re
from dataclasses import dataclass, field
from typing import Any

from workers.providers.retouch.table import TABLE


@dataclass(frozen=True)
class Step:
    """One operation. `amount` is 1 where the prompt says nothing about how much."""

    name: str
    amount: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)


_PATTERNS = tuple((name, re.compile(rf"(?<![\w])(?:{pattern})", re.IGNORECASE), options) for name, pattern, options in TABLE)
NOT = re.compile(r"\b(?:don'?t|do not|not|never|without|avoid|no|remove|delete|erase)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
SLIGHTLY = re.compile(
    r"\b(?:slight(?:ly)?|a (?:bit|little|touch)|subtl[ey]|gentl[ey]|soft(?:ly)?|light(?:ly)?|thin)\s*(?:\w+\s+)?$", re.IGNORECASE
)
STRONGLY = re.compile(
    r"\b(?:very|much|strong(?:ly)?|heav(?:y|ily)|a lot|really|extreme(?:ly)?|dramatic(?:ally)?|thick|wide)\s*(?:\w+\s+)?$", re.IGNORECASE
)
PERCENT = re.compile(r"^\s*(?:it )?(?:by|at|of)?\s*(\d{1,3})\s*(?:%|percent)", re.IGNORECASE)
STEPS_MAX = 20
#: So many characters around a word may say something about it.
NEAR = 60


def read(prompt: str) -> list[Step]:
    """The steps that *prompt* names, at most 20. What is negated ("don't crop it square") is not asked for."""
    found: list[tuple[int, int, Step]] = []
    for name, pattern, options in _PATTERNS:
        for match in pattern.finditer(prompt):
            if name == "remove_background" or not NOT.search(_before(prompt, match)):
                found.append((match.start(), match.end(), Step(name, _amount(prompt, match), options(match))))
    return [step for _, _, step in _apart(found)][:STEPS_MAX]


def unwanted(negative_prompt: str | None) -> set[str]:
    """Names of the steps that must not be done. "No blur" forbids it as "blur" does."""
    return {
        step.name for step in read(re.sub(r"\b(?:no|not|don'?t|never|without|avoid)\b", " ", negative_prompt or "", flags=re.IGNORECASE))
    }


def _before(prompt: str, found: re.Match[str]) -> str:
    return prompt[max(0, found.start() - NEAR) : found.start()]


def _amount(prompt: str, found: re.Match[str]) -> float:
    before, after = _before(prompt, found), prompt[found.end() : found.end() + NEAR]
    if percent := PERCENT.match(after):
        return min(3.0, max(0.02, int(percent.group(1)) / 30))
    words = before + found.group().split(" ")[0] + " "
    if SLIGHTLY.search(before) or re.match(r"\s+(?:a (?:bit|little)|slightly)\b", after):
        return 0.5
    return 1.7 if STRONGLY.search(before) or re.match(r"\s+(?:a lot|strongly|heavily)\b", after) or words.startswith("very ") else 1.0


def _apart(found: list[tuple[int, int, Step]]) -> list[tuple[int, int, Step]]:
    """Without those that overlap a longer one; in the order of the prompt. The same step twice in a row is one."""
    kept: list[tuple[int, int, Step]] = []
    for start, end, step in sorted(found, key=lambda each: (each[0] - each[1], each[0])):
        if all(end <= other[0] or start >= other[1] for other in kept):
            kept.append((start, end, step))
    kept.sort(key=lambda each: each[0])
    return [each for place, each in enumerate(kept) if place == 0 or each[2] != kept[place - 1][2]]
