"""Entries whose words lie in the archive, made whole from a spool: a copy of the archive's words on this machine's disk.

The verifier takes from the archive only what the log's rows no longer have, and everything else from the rows themselves; so an
altered row is found by the tree, whether it was archived or not.
"""

import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from projections.audit.entries import Entry, differs

MARK = b'{"archived":'
WORDS, ENDS = "words", "ends"


class Spool:
    """Words by position, from 1 on without holes: those of the archive's segments, one after the other."""

    def __init__(self, words: int = -1, ends: Sequence[int] = ()) -> None:
        self._words = words
        self._ends = ends

    def whole(self, entries: list[Entry]) -> list[Entry]:
        """*entries* as they were recorded.   Raises Differs."""
        return [self._whole(entry) if entry.state.startswith(MARK) else entry for entry in entries]

    def _whole(self, entry: Entry) -> Entry:
        if not 0 < entry.position <= len(self._ends):
            differs(entry, "its words are said to be in the archive, which has none at this position")
        begin = self._ends[entry.position - 2] if entry.position > 1 else 0
        thin, actor, correlation, state = _decode(os.pread(self._words, self._ends[entry.position - 1] - begin, begin))
        if entry.state != thin:
            differs(entry, "what stayed of the archived state is not what it was", expected=thin, found=entry.state)
        if entry.actor or entry.correlation:
            differs(entry, "actor and correlation are in the archive, and the row has others", found=(entry.actor, entry.correlation))
        return entry._replace(actor=actor, correlation=correlation, state=state)


NO_SPOOL = Spool()


class Writer:
    """Makes a spool, entry by entry from position 1 on. Made by `writing`."""

    def __init__(self, file: IO[bytes]) -> None:
        self.ends = array("Q")
        self._end = 0
        self._file = file

    def add(self, thin: bytes | None, actor: str, correlation: str, state: bytes) -> None:
        """*thin*: what stays of the state in the log's row; None when the whole row stays, and nothing is kept of it here."""
        if thin is not None:
            self._end += self._file.write(_encode((thin, actor, correlation, state)))
        self.ends.append(self._end)


@contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """A spool in *folder*, there when the block has ended well."""
    with (folder / WORDS).open("wb") as file:
        writer = Writer(file)
        yield writer
    with (folder / ENDS).open("wb") as file:
        writer.ends.tofile(file)


@contextmanager
def spooled(folder: Path | None) -> Iterator[Spool]:
    """The spool in *folder*; None: nothing was archived."""
    if folder is None:
        yield NO_SPOOL
        return
    ends = array("Q")
    with (folder / ENDS).open("rb") as file:
        ends.frombytes(file.read())
    with (folder / WORDS).open("rb") as file:
        yield Spool(file.fileno(), ends)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[bytes, str, str, bytes]).decode
