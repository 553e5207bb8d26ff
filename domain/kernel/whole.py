"""Whole numbers as JSON Schema (2020-12) counts them: 1.0 is the integer 1."""

from typing import Any

from domain.kernel.limits import INTEGER_MAX


def with_whole_numbers(tree: Any) -> Any:
    """*tree* with each number that has no fraction as an int; those beyond the range of integers stay as they are."""
    match tree:
        case dict():
            return {key: with_whole_numbers(value) for key, value in tree.items()}
        case list():
            return [with_whole_numbers(value) for value in tree]
        case float() if tree.is_integer() and abs(tree) <= INTEGER_MAX:
            return int(tree)
        case _:
            return tree
