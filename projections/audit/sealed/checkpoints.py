"""Every checkpoint, and every stored node, against the tree that the log makes."""

from array import array
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import msgspec

from projections.audit.entries import Entry
from projections.audit.report import Difference, Differs, Sealed, text_of
from projections.audit.sealed.leaves import leaf
from projections.audit.sealed.notes import Key, Note, NoteRefused, read
from projections.audit.sealed.tree import Tree
from projections.audit.source import Row, Source

#: Below every size, also a forged one.
BEFORE_ALL = -(2**62)
#: The least subtrees that are stored: sixteen leaves.
STORED_FROM_LEVEL = 4

MARKS = "SELECT * FROM proofs.checkpoints WHERE size > %(after)s AND size <= %(upto)s ORDER BY size"
KEYS = "SELECT number, name, key_id, public FROM proofs.keys ORDER BY number"
INCARNATIONS = "SELECT incarnation, coalesce(lost_from, 0) AS lost_from FROM proofs.log ORDER BY incarnation"
TREE_SIZE = "SELECT coalesce(max(size), 0) FROM proofs.tree"
# The subtrees that a page of leaves completes, level by level.
NODES = """
    SELECT n.level::int, n.index, n.hash FROM unnest(%(levels)s::int[], %(lows)s::bigint[], %(highs)s::bigint[]) w (level, low, high)
    JOIN proofs.nodes n ON n.level = w.level AND n.index >= w.low AND n.index < w.high
"""
# Where the log, the tree and the checkpoints end, at one moment.
ENDS = f"SELECT coalesce((SELECT max(position) FROM journal.events), 0), ({TREE_SIZE})"
# The last checkpoint.
NEWEST = "SELECT * FROM proofs.checkpoints ORDER BY size DESC LIMIT 1"
# Nodes of a larger tree than there is.
BEYOND = """
    SELECT level::int, index FROM proofs.nodes
    WHERE level < %(least)s OR index < 0 OR (index::numeric + 1) * 2::numeric ^ level > %(size)s LIMIT 1
"""


class Remembered(NamedTuple):
    """`keys` are believed instead of the database's own, `checkpoints` must be heads of this log, whatever the database says."""

    keys: Sequence[Key] = ()
    checkpoints: Sequence[Note] = ()


NOTHING = Remembered()


class Checkpoints:
    """Follows the log. *remembered* is what somebody kept outside of the database."""

    def __init__(self, source: Source, remembered: Remembered = NOTHING) -> None:
        self.source = source
        self.tree = Tree()
        self.last: Note | None = None
        self._remembered = remembered
        self._kept = {note.size: note for note in remembered.checkpoints}
        self._incarnation = 1
        self._sizes = array("q")
        #: The first stored node that is not what the log makes: one of the two was altered, the next checkpoint tells which.
        self._doubt: tuple[int, int, bytes, bytes | None] | None = None

    def feed(self, entries: Sequence[Entry]) -> None:
        """Raises Differs."""
        after, upto = self.tree.size, entries[-1].position
        marks = {row["size"]: row for row in self.source.rows(MARKS, {"after": after or BEFORE_ALL, "upto": upto})}
        keys = self._keys() if marks else []
        incarnations = self.source.tuples(INCARNATIONS)
        ((stored_size,),) = self.source.tuples(TREE_SIZE)
        stored = self._stored(after, upto)
        append = self.tree.append
        for entry in entries:
            for level, index, digest in append(leaf(entry)):
                if level >= STORED_FROM_LEVEL and stored.get((level, index)) != digest and self.tree.size <= stored_size:
                    self._doubt = self._doubt or (level, index, digest, stored.get((level, index)))
            if marks and (mark := marks.pop(self.tree.size, None)) is not None:
                self._check(mark, keys, incarnations)
            if self._kept and (kept := self._kept.pop(self.tree.size, None)) is not None:
                self._check_kept(kept)
        for size in marks:
            _differs("proofs.checkpoints", str(size), "column size: no log has so many events", None, size)

    def explained(self, difference: Difference) -> Difference:
        """*difference*, with where the log was altered, when the stored tree says that it was."""
        if self._doubt is None or difference.last_position is not None or difference.where.startswith("proofs."):
            return difference
        return msgspec.structs.replace(difference, altered=_span(*self._doubt[:2]))

    def finish(self, restores: Sequence[tuple[int, int]], counted: Mapping[int, int]) -> Sealed | None:
        """What the last checkpoint sealed; None without one.

        *restores* and *counted* are what the log says: (incarnation, lost from), and how many checkpoints there are up to a size.
        Raises Differs.
        """
        if self._doubt:
            level, index, expected, found = self._doubt
            first, last = _span(level, index)
            _differs("proofs.nodes", f"{level}/{index}", f"column hash, or positions {first} to {last}", expected, found)
        with self.source.snapshot():
            ((head, size),) = self.source.tuples(ENDS)
            newest = self.source.rows(NEWEST)
            beyond = self.source.tuples(BEYOND, {"least": STORED_FROM_LEVEL, "size": size})
        sealed = newest[0]["size"] if newest else 0
        if sealed > head:
            _said(newest[0], self._keys())
            _cut_off(head, f"checkpoint {sealed}")
        for kept in self._kept.values():
            _cut_off(head, f"the checkpoint of {kept.size} events that was kept")
        if not sealed <= size <= head:
            _differs("proofs.tree", "true", "column size", f"from {sealed} to {head}", size)
        for level, index in beyond:
            _differs("proofs.nodes", f"{level}/{index}", "a node beyond the tree's end", None, size)
        self._check_incarnations(restores)
        self._check_counted(counted)
        if self.last is None:
            return None
        return Sealed(size=self.last.size, root=b64encode(self.last.root).decode(), origin=self.last.origin, checkpoints=len(self._sizes))

    def _check(self, mark: Row, keys: Sequence[Key], incarnations: Sequence[tuple[int, int]]) -> None:
        said = _said(mark, keys)
        self._check_root(said)
        self._check_origin(said, mark["note"], incarnations)
        self.last = said
        self._sizes.append(said.size)

    def _check_root(self, said: Note) -> None:
        root = self.tree.root()
        if root == said.root and self._doubt is None:
            return
        first, last = (self.last.size + 1 if self.last else 1), said.size
        if self._doubt:
            level, index, expected, found = self._doubt
            if root == said.root:
                _differs("proofs.nodes", f"{level}/{index}", "column hash", expected, found)
            first, last = _span(level, index)
        what = f"one of positions {first} to {last} is not what checkpoint {said.size} has sealed"
        raise Differs(
            Difference(
                where="log",
                what=what,
                position=first,
                last_position=last,
                expected=b64encode(said.root).decode(),
                found=b64encode(root).decode(),
            )
        )

    def _check_kept(self, kept: Note) -> None:
        if kept.root != self.tree.root():
            what = f"one of positions 1 to {kept.size} is not what the checkpoint of {kept.size} events that was kept has sealed"
            raise Differs(Difference(where="log", what=what, position=1, last_position=kept.size))

    def _check_origin(self, said: Note, note: str, incarnations: Sequence[tuple[int, int]]) -> None:
        row = str(said.size)
        name, _, number = said.origin.rpartition("/")
        if not any(line.startswith(f"— {name} ") for line in note.split("\n")):
            _differs("proofs.checkpoints", row, "column origin: not the name of the key that signed", None, said.origin)
        known = {str(incarnation): incarnation for incarnation, _ in incarnations}
        if number not in known:
            _differs("proofs.log", number, f"the row is missing: checkpoint {row} was signed in this incarnation", number, None)
        least = max([incarnation for incarnation, lost_from in incarnations if lost_from <= said.size], default=1)
        least = max(least, self._incarnation)
        if known[number] < least:
            _differs("proofs.checkpoints", row, "column origin: an earlier incarnation", f"{name}/{least}", said.origin)
        self._incarnation = known[number]

    def _check_incarnations(self, restores: Sequence[tuple[int, int]]) -> None:
        begun = dict(self.source.tuples(INCARNATIONS))
        for incarnation, lost_from in ((1, 0), *restores):
            if (found := begun.pop(incarnation, None)) != lost_from:
                _differs("proofs.log", str(incarnation), "column lost_from is not what the log says", lost_from, found)
        for incarnation in begun:
            # The row comes before its fact, a checkpoint after both.
            if incarnation <= self._incarnation:
                _differs("proofs.log", str(incarnation), "an incarnation of which the log knows nothing", None, incarnation)

    def _check_counted(self, counted: Mapping[int, int]) -> None:
        """A checkpoint that was taken away is missed by the log itself, as soon as balances were sealed after it."""
        for size, count in counted.items():
            if (found := bisect_right(self._sizes, size)) != count:
                _differs("proofs.checkpoints", f"up to {size}", "rows are missing, or too many: the log has counted them", count, found)

    def _keys(self) -> list[Key]:
        keys: list[Key] = []
        for number, name, key_id, public in self.source.tuples(KEYS):
            key = Key(name, public)
            if key.id != key_id:
                _differs("proofs.keys", str(number), "columns name, key_id and public do not belong together", key.id, key_id)
            keys.append(key)
        return list(self._remembered.keys) or keys

    def _stored(self, after: int, upto: int) -> dict[tuple[int, int], bytes]:
        levels = range(STORED_FROM_LEVEL, max(STORED_FROM_LEVEL, upto.bit_length()))
        params = {"levels": [*levels], "lows": [after >> level for level in levels], "highs": [upto >> level for level in levels]}
        return {(level, index): digest for level, index, digest in self.source.tuples(NODES, params)}


def _said(mark: Row, keys: Sequence[Key]) -> Note:
    """What a checkpoint's note says, which the row must say, too.   Raises Differs."""
    row = str(mark["size"])
    try:
        said = read(mark["note"], keys)
    except NoteRefused as error:
        _differs("proofs.checkpoints", row, f"column note: {error}", None, mark["note"])
    for column, value in said._asdict().items():
        if mark[column] != value:
            _differs("proofs.checkpoints", row, f"column {column} is not what its note says", value, mark[column])
    return said


def _cut_off(head: int, checkpoint: str) -> NoReturn:
    what = f"missing: the log ends before it, and {checkpoint} has sealed it"
    raise Differs(Difference(where="log", what=what, position=head + 1))


def _span(level: int, index: int) -> tuple[int, int]:
    """The positions below a node."""
    return (index << level) + 1, (index + 1) << level


def _differs(table: str, row: str, what: str, expected: Any, found: Any) -> NoReturn:
    raise Differs(
        Difference(
            where=table,
            row=row,
            what=what,
            expected=None if expected is None else text_of(expected),
            found=None if found is None else text_of(found),
        )
    )
