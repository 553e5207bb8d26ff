"""What must be true of the log in the file: its form, its tree, its signatures. Follows it line by line and holds little."""

from base64 import b64decode
from collections.abc import Collection
from typing import NamedTuple

from infra.imports.refused import LineRefused
from infra.imports.rows import Values, values_of
from projections.log.lines import Checkpoint, Event, Header, Key
from projections.notary.checkpoint import ED25519, NoteInvalid, PublicKey, verified
from projections.notary.leaf import encoded
from projections.notary.nodes import BLOCK_LEVEL
from projections.notary.tree import Growth, Node, leaf_hash


class Sealed(NamedTuple):
    """A checkpoint whose root is that of the events before it, and that a key of the file has signed."""

    size: int
    root: bytes
    origin: str
    note: str


class Checks:
    """*trusted*: the keys that may have signed, as `vkey`; None: whichever are in the file."""

    def __init__(self, trusted: Collection[str] | None = None) -> None:
        self._trusted = trusted
        self._tree = Growth()
        self._last: Event | None = None
        #: Subtrees that have become complete, as the notary keeps them. Whoever stores them empties the list.
        self.grown: list[tuple[Node, bytes]] = []
        self.keys: list[PublicKey] = []
        self.head = 0
        self.incarnation = 0

    @property
    def position(self) -> int:
        return self._tree.size

    @property
    def root(self) -> bytes:
        """The root of the tree over all events so far."""
        return self._tree.root

    def header(self, number: int, header: Header) -> None:
        _, incarnation = _parts(header.origin)
        if incarnation < 1:
            raise LineRefused(number, f"the origin {header.origin!r} does not end with the number of an incarnation")
        self.head, self.incarnation = header.head, incarnation

    def key(self, number: int, key: Key) -> None:
        name, _, rest = key.vkey.partition("+")
        _, _, text = rest.partition("+")
        try:
            data = b64decode(text, validate=True)
        except ValueError:
            data = b""
        public = PublicKey(name, data[1:])
        if data[:1] != ED25519 or len(data) != 33 or public.vkey != key.vkey:
            raise LineRefused(number, f"not a public key: {key.vkey[:200]!r}")
        if self._trusted is not None and key.vkey not in self._trusted:
            raise LineRefused(number, f"the key {key.vkey} is not one of those you trust")
        self.keys.append(public)

    def event(self, number: int, event: Event) -> Values:
        """The row's values, checked.   Raises LineRefused."""
        last, position = self._last, self._tree.size + 1
        if event.position != position:
            raise LineRefused(number, f"position {position} must stand here, not {event.position}")
        if position > self.head:
            raise LineRefused(number, f"the header tells of {self.head} positions, this is {position}")
        if last is not None and event.recorded_at < last.recorded_at:
            raise LineRefused(number, f"position {position} was recorded before the one before it")
        if event.first != (last is None or event.command_id != last.command_id):
            raise LineRefused(number, f"position {position}: the first event of a command must be marked, and only that")
        if event.causation is not None and not 0 < event.causation < position:
            raise LineRefused(number, f"position {position}: caused by something that is not before it")
        try:
            values = values_of(event)
        except ValueError as error:
            raise LineRefused(number, f"position {position}: {error}") from None
        self.grown += [each for each in self._tree.append(leaf_hash(encoded(values))) if each[0].level >= BLOCK_LEVEL]
        self._last = event
        return values

    def checkpoint(self, number: int, line: Checkpoint) -> Sealed:
        try:
            checkpoint = verified(line.note, self.keys)
        except NoteInvalid as error:
            raise LineRefused(number, f"checkpoint: {error}") from None
        if checkpoint.size != self._tree.size:
            raise LineRefused(number, f"a checkpoint of {checkpoint.size} events after {self._tree.size}")
        if checkpoint.root != self._tree.root:
            raise LineRefused(number, f"the events up to position {checkpoint.size} do not lead to the checkpoint's root")
        name, incarnation = _parts(checkpoint.origin)
        if name not in {key.name for key in self.keys} or not 1 <= incarnation <= self.incarnation:
            raise LineRefused(number, f"the checkpoint is of another log: {checkpoint.origin!r}")
        return Sealed(checkpoint.size, checkpoint.root, checkpoint.origin, line.note)

    def end(self, number: int) -> None:
        if self.position != self.head:
            raise LineRefused(number, f"the header tells of {self.head} positions, the file ends after {self.position}")


def _parts(origin: str) -> tuple[str, int]:
    """Name and incarnation; 0 for what is no number."""
    name, _, number = origin.rpartition("/")
    return name, int(number) if number.isascii() and number.isdecimal() and str(int(number)) == number else 0
