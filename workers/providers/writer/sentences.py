"""Texts as sentences and words, and which sentence says most."""

import re
from collections import Counter

#: The most sentences that are ever chosen.
COUNT_MAX = 200
#: Words that say nothing about what a text is about.
_SMALL = (
    "a about above after again all also am an and any are as at be because been before being below between both but by can could "
    "did do does doing down during each even ever every few for from further get give had has have having he her here hers him his "
    "how i if in into is it its itself just let like made make many may me might more most much must my no nor not now of off on "
    "once one only or other our out over own please same say says she should since so some still such tell than that the their "
    "them then there these they this those though through to too under until up upon us use used very was we were what when where "
    "which while who whom whose why will with within without would yes yet you your"
)
SMALL = frozenset(_SMALL.split())
#: An end of a sentence: its mark, perhaps a closing quote, then space and something that begins one.
END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\s.,;:!?])|\n\s*\n|\n(?=\s*[-*•\d])")
ABBREVIATED = re.compile(r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|no|fig|approx|inc|ltd|dept|[a-z]))\.$", re.IGNORECASE)
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")


def sentences(text: str) -> list[str]:
    """The sentences of *text*, without bullets and needless space. "Dr." and "e.g." end none."""
    found: list[str] = []
    start = 0
    for gap in END.finditer(text):
        if ABBREVIATED.search(text[start : gap.start()]) and "\n" not in gap.group():
            continue
        found.append(text[start : gap.end()])
        start = gap.end()
    found.append(text[start:])
    tidy = (" ".join(BULLET.sub("", each).split()) for each in found)
    return [each for each in tidy if WORD.search(each)]


def words(text: str) -> list[str]:
    return WORD.findall(text)


def telling(text: str) -> list[str]:
    """The words of *text* that carry its meaning, folded, in order."""
    return [word for each in words(text) if (word := stem(each)) not in SMALL and len(word) > 1]


def stem(word: str) -> str:
    """The word without its case and its commonest endings, so that "waves" is "wave" and "sailing" is "sail"."""
    word = word.casefold().removesuffix("'s").removesuffix("’s")
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word.removesuffix(ending) + rest
    return word


def topics(text: str, count: int) -> list[str]:
    """The *count* words that stand out most, as they are first written; the more frequent first, then the earlier."""
    written: dict[str, str] = {}
    for word in words(text):
        written.setdefault(stem(word), word)
    counts = Counter(telling(text))
    order = {word: place for place, word in enumerate(counts)}
    best = sorted(counts, key=lambda word: (-counts[word], order[word]))[:count]
    return [written[word] if written[word].isupper() or not written[word][0].isupper() else written[word].lower() for word in best]


def central(text: str, count: int, *, words_max: int | None = None) -> list[str]:
    """The *count* sentences that say most of what the text says, in the order of the text; no more words than *words_max*.

    A sentence scores the mean frequency of its telling words; the first one a little more. What repeats a chosen one scores less.
    """
    every = sentences(text)
    chosen: list[int] = []
    left = words_max
    for place in _ranked(every, min(count, COUNT_MAX)):
        long = len(every[place].split())
        if left is None or long <= left:
            chosen.append(place)
            left = None if left is None else left - long
    return [every[place] for place in sorted(chosen)]


def answering(question: str, text: str, count: int) -> list[str]:
    """The sentences of *text* that share most words with *question*, best first; rare words count more. Empty: none shares any."""
    every = sentences(text)
    asked = set(telling(question))
    spread = Counter(word for each in every for word in set(telling(each)))
    scored = []
    for place, each in enumerate(every):
        bag = telling(each)
        shared = sum(1 / spread[word] ** 0.5 for word in asked & set(bag))
        if shared and each.rstrip("?") != question.rstrip("?"):
            scored.append((-shared / (len(bag) + 6) ** 0.5, place, each))
    # A runner-up that shares far less is about something else.
    return [each for score, _, each in sorted(scored)[:count] if score <= 0.6 * min(scored)[0]]


def _ranked(every: list[str], count: int) -> list[int]:
    """Places of the *count* most telling sentences, the best first."""
    bags = [telling(each) for each in every]
    counts = Counter(word for bag in bags for word in bag)
    scores = [sum(counts[word] for word in bag) / (len(bag) + 3) * (1.25 if place == 0 else 1.0) for place, bag in enumerate(bags)]
    # The best by score alone are enough to choose from; a long text would take for ever otherwise.
    left = sorted(range(len(every)), key=lambda place: (-scores[place], place))[: 4 * count + 50]
    ranked: list[int] = []
    seen: set[str] = set()
    while left and len(ranked) < count:
        fresh = {place: sum(word not in seen for word in bags[place]) / (len(bags[place]) or 1) for place in left}
        best = max(left, key=lambda place: (scores[place] * (0.3 + 0.7 * fresh[place]), -place))
        left.remove(best)
        ranked.append(best)
        seen.update(bags[best])
    return ranked
