"""What a verification says."""

from typing import Any

import msgspec


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that is not as it must be. `where` is `log` or a read model's table; `row` names the row of a table."""

    where: str
    what: str
    position: int | None = None
    #: When it is one of several: the last of them.
    last_position: int | None = None
    stream: str | None = None
    row: str | None = None
    expected: str | None = None
    found: str | None = None
    #: Positions of which one is not what was sealed: when the log was altered there, everything after may only follow from it.
    altered: tuple[int, int] | None = None

    def __str__(self) -> str:
        parts = [self.where]
        if self.position is not None:
            last = self.last_position
            parts.append(f"position {self.position}" if last is None else f"positions {self.position} to {last}")
        if self.stream is not None:
            parts.append(f"stream {self.stream}")
        if self.row is not None:
            parts.append(f"row {self.row}")
        sentence = f"{', '.join(parts)}: {self.what}"
        if self.expected is not None or self.found is not None:
            sentence += f": expected {self.expected}, found {self.found}"
        if self.altered is not None:
            sentence += "; the notary has another entry at one of the positions {} to {}".format(*self.altered)
        return sentence


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """The last checkpoint: the log of *origin* had *size* events, and *root* (base64) is the root over them.

    `checkpoints`: how many were checked.
    """

    size: int
    root: str
    origin: str
    checkpoints: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`events`: how many were checked. `models`: read model -> the position at which its rows were compared.

    `unsealed`: how many events are not yet under a checkpoint, so that nothing but the rules guards them.
    `balance_seals`: how often the log sealed balances; `balance_roots`: how many of their roots were made again, for which one
    needs the installation's key.
    """

    ok: bool
    events: int
    models: dict[str, int]
    sealed: Sealed | None = None
    unsealed: int = 0
    balance_seals: int = 0
    balance_roots: int = 0
    first_difference: Difference | None = None


class Differs(Exception):
    """Ends the verification at the first difference."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


_CHARS_MAX = 300


def text_of(value: Any) -> str:
    """A value for people, of bounded length."""
    text = repr(value)
    return text if len(text) <= _CHARS_MAX else f"{text[:_CHARS_MAX]}… ({len(text)} characters)"
