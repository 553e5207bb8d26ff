"""What the caller of a generation that ended early could read before."""

from collections.abc import Mapping
from typing import Any

from domain.generations.kinds.table import KINDS
from domain.generations.kinds.text import tokens_of


def usage_of_text(params: Mapping[str, Any], prompt: str, text: str) -> dict[str, int]:
    """The tokens of an unfinished *text* and of what it answers, as the quote counts them: no provider says."""
    asked = KINDS["text"].most({**params, "max_tokens": 0}, len(prompt))
    return {"token": asked + tokens_of(len(text))} if text else {}
