"""Every checkpoint, and every stored node, against the tree that the log makes."""

from collections.abc import Sequence
from typing import Any, NoReturn

from projections.audit.entries import Entry
from projections.audit.report import Difference, Differs, Sealed, text_of
from projections.audit.sealed.leaves import leaf
from projections.audit.sealed.notes import Key, Note, NoteRefused, read
from projections.audit.sealed.tree import Tree
from projections.audit.source import Row, Source

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
ENDS = f"""
    SELECT coalesce((SELECT max(position) FROM journal.events), 0), ({TREE_SIZE}), (SELECT max(size) FROM proofs.checkpoints)
"""
# Nodes of a larger tree than there is.
BEYOND = """
    SELECT level::int, index FROM proofs.nodes
    WHERE level < %(least)s OR index < 0 OR (index::numeric + 1) * 2::numeric ^ level > %(size)s LIMIT 1
"""


class Checkpoints:
    """Follows the log. *trusted* keys were remembered elsewhere; without them the database's own are believed."""

    def __init__(self, source: Source, trusted: Sequence[Key] = ()) -> None:
        self.source = source
        self.tree = Tree()
        self.count = 0
        self.last: Note | None = None
        self._trusted = list(trusted)
        self._incarnation = 1
        #: The first stored node that is not what the log makes: one of the two was altered, the next checkpoint tells which.
        self._doubt: tuple[int, int, bytes, bytes | None] | None = None

    def feed(self, entries: Sequence[Entry]) -> None:
        """Raises Differs."""
        after, upto = self.tree.size, entries[-1].position
        marks = {row["size"]: row for row in self.source.rows(MARKS, {"after": after, "upto": upto})}
        keys = self._keys() if marks else []
        incarnations = self.source.tuples(INCARNATIONS)
        ((stored_size,),) = self.source.tuples(TREE_SIZE)
        stored = self._stored(after, upto)
        append = self.tree.append
        for entry in entries:
            for level, index, digest in append(leaf(entry)):
                if level >= STORED_FROM_LEVEL and stored.get((level, index)) != digest and self.tree.size <= stored_size:
                    self._doubt = self._doubt or (level, index, digest, stored.get((level, index)))
            if marks and (mark := marks.get(self.tree.size)) is not None:
                self._check(mark, keys, incarnations)

    def finish(self, restores: Sequence[tuple[int, int]]) -> Sealed | None:
        """What the last checkpoint sealed; None without one. *restores* are what the log says: (incarnation, lost from).

        Raises Differs.
        """
        if self._doubt:
            level, index, expected, found = self._doubt
            first, last = _span(level, index)
            _differs("proofs.nodes", f"{level}/{index}", f"column hash, or positions {first} to {last}", expected, found)
        with self.source.snapshot():
            ((head, size, sealed),) = self.source.tuples(ENDS)
            beyond = self.source.tuples(BEYOND, {"least": STORED_FROM_LEVEL, "size": size})
        if sealed is not None and sealed > head:
            what = f"the log ends here; checkpoint {sealed} has sealed more, so its end was cut off"
            raise Differs(Difference(where="log", what=what, position=head))
        if size > head or size < (sealed or 0):
            _differs("proofs.tree", "1", "column size", f"from {sealed or 0} to {head}", size)
        for level, index in beyond:
            _differs("proofs.nodes", f"{level}/{index}", "a node beyond the tree's end", None, size)
        begun = {incarnation: lost_from for incarnation, lost_from in self.source.tuples(INCARNATIONS) if incarnation > 1}
        for incarnation, lost_from in restores:
            if begun.pop(incarnation, None) != lost_from:
                _differs("proofs.log", str(incarnation), "the log says that this incarnation lost other positions", lost_from, begun)
        for incarnation in begun:
            # The row comes before the fact; a checkpoint comes after both.
            if incarnation <= self._incarnation:
                _differs("proofs.log", str(incarnation), "an incarnation of which the log knows nothing", None, incarnation)
        newest = self.last
        if newest is None:
            return None
        return Sealed(size=newest.size, root=newest.root.hex(), origin=newest.origin, checkpoints=self.count)

    def _check(self, mark: Row, keys: Sequence[Key], incarnations: Sequence[tuple[int, int]]) -> None:
        row = str(mark["size"])
        try:
            said = read(mark["note"], keys)
        except NoteRefused as error:
            _differs("proofs.checkpoints", row, f"column note: {error}", None, mark["note"])
        for column, value in said._asdict().items():
            if mark[column] != value:
                _differs("proofs.checkpoints", row, f"column {column} is not what its note says", value, mark[column])
        self._check_root(said)
        self._check_origin(said, mark["note"], incarnations)
        self.last = said
        self.count += 1

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
        raise Differs(Difference(where="log", what=what, position=first, last_position=last, expected=said.root.hex(), found=root.hex()))

    def _check_origin(self, said: Note, note: str, incarnations: Sequence[tuple[int, int]]) -> None:
        row = str(said.size)
        name, _, number = said.origin.rpartition("/")
        if not any(line.startswith(f"— {name} ") for line in note.split("\n")):
            _differs("proofs.checkpoints", row, "column origin: not the name of the key that signed", None, said.origin)
        least = max([incarnation for incarnation, lost_from in incarnations if lost_from <= said.size], default=1)
        known = {str(incarnation): incarnation for incarnation, _ in incarnations}
        if known.get(number, 0) < max(least, self._incarnation):
            _differs(
                "proofs.checkpoints", row, "column origin: another incarnation", f"{name}/{max(least, self._incarnation)}", said.origin
            )
        self._incarnation = known[number]

    def _keys(self) -> list[Key]:
        keys: list[Key] = []
        for number, name, key_id, public in self.source.tuples(KEYS):
            key = Key(name, public)
            if key.id != key_id:
                _differs("proofs.keys", str(number), "columns name, key_id and public do not belong together", key.id, key_id)
            keys.append(key)
        return self._trusted or keys

    def _stored(self, after: int, upto: int) -> dict[tuple[int, int], bytes]:
        levels = range(STORED_FROM_LEVEL, max(STORED_FROM_LEVEL, upto.bit_length()))
        params = {"levels": [*levels], "lows": [after >> level for level in levels], "highs": [upto >> level for level in levels]}
        return {(level, index): digest for level, index, digest in self.source.tuples(NODES, params)}


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
