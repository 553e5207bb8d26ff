"""Text that may be sealed: reasons and memos are since they can name people, older ones and our own words stand in the clear."""

from domain.ports import SubjectKey

#: How a sealed text begins; see `domain.ports.SubjectKey.seal`.
PREFIX = "s1."


def opened_text(key: SubjectKey, text: str) -> str:
    """Raises ValueError when the text was altered."""
    return key.open(text) if text.startswith(PREFIX) else text
