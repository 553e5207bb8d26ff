"""Tokens by a stated rule: four for every three words, rounded down, so one word is one token. Words stand between spaces."""

import re

#: A word and the space after it; what is said piece by piece joins to the very text.
PIECE = re.compile(r"\s*\S+\s*")


def tokens(words: int) -> int:
    return words * 4 // 3


def tokens_of(text: str) -> int:
    return tokens(len(text.split()))


def words_within(tokens_max: int) -> int:
    """The most words that cost no more than *tokens_max*."""
    return (tokens_max * 3 + 2) // 4


def pieces(text: str) -> list[str]:
    return PIECE.findall(text)
